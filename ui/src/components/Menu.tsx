import { Check, Ellipsis } from "lucide-react";
import type { ReactNode } from "react";
import { Menu as AriaMenu, MenuItem, MenuSection, MenuTrigger, Popover, Separator } from "react-aria-components";
import { Button } from "./Button";
import styles from "./Menu.module.css";

export interface MenuAction {
  id: string;
  label: string;
  /** Given where it is one of several of which one holds. */
  isChosen?: boolean;
  danger?: boolean;
  onAction: () => void;
}

/** A real menu behind three dots: choices of which one holds, then, below a line, what else can be done. */
export function Menu({ label, handle, actions }: { label: string; handle: string; actions: MenuAction[] }): ReactNode {
  const choices = actions.filter((action) => action.isChosen !== undefined);
  const others = actions.filter((action) => action.isChosen === undefined);
  return (
    <MenuTrigger>
      <Button kind="icon" aria-label={label} testId="member-menu" data-handle={handle}>
        <Ellipsis size="1.125rem" aria-hidden />
      </Button>
      <Popover className={styles["popover"] ?? ""} placement="bottom end">
        <AriaMenu className={styles["menu"] ?? ""} aria-label={label}>
          {choices.length > 0 ? (
            <MenuSection
              aria-label={label}
              selectionMode="single"
              disallowEmptySelection
              selectedKeys={choices.filter((each) => each.isChosen).map((each) => each.id)}
            >
              {choices.map((action) => (
                <Item key={action.id} action={action} />
              ))}
            </MenuSection>
          ) : null}
          {choices.length > 0 && others.length > 0 ? <Separator className={styles["separator"] ?? ""} /> : null}
          {others.map((action) => (
            <Item key={action.id} action={action} />
          ))}
        </AriaMenu>
      </Popover>
    </MenuTrigger>
  );
}

function Item({ action }: { action: MenuAction }): ReactNode {
  return (
    <MenuItem
      id={action.id}
      textValue={action.label}
      className={[styles["item"], action.danger ? styles["danger"] : ""].join(" ")}
      data-testid={`menu-${action.id}`}
      onAction={action.onAction}
    >
      <span className={styles["check"]}>{action.isChosen ? <Check size="0.875rem" aria-hidden /> : null}</span>
      {action.label}
    </MenuItem>
  );
}
