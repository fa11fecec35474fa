import { Check, Ellipsis } from "lucide-react";
import { Fragment, type ReactNode } from "react";
import { Menu as AriaMenu, MenuItem, MenuTrigger, Popover, Separator } from "react-aria-components";
import { Button } from "./Button";
import styles from "./Menu.module.css";

export interface MenuAction {
  id: string;
  label: string;
  isChosen?: boolean;
  danger?: boolean;
  /** A line above it. */
  separated?: boolean;
  onAction: () => void;
}

/** A real menu behind three dots. */
export function Menu({ label, handle, actions }: { label: string; handle: string; actions: MenuAction[] }): ReactNode {
  return (
    <MenuTrigger>
      <Button kind="icon" aria-label={label} testId="member-menu" data-handle={handle}>
        <Ellipsis size={18} aria-hidden />
      </Button>
      <Popover className={styles["popover"] ?? ""} placement="bottom end">
        <AriaMenu className={styles["menu"] ?? ""} aria-label={label}>
          {actions.map((action) => (
            <Fragment key={action.id}>
              {action.separated ? <Separator className={styles["separator"] ?? ""} /> : null}
              <MenuItem
                id={action.id}
                textValue={action.label}
                className={[styles["item"], action.danger ? styles["danger"] : ""].join(" ")}
                data-testid={`menu-${action.id}`}
                onAction={action.onAction}
              >
                <span className={styles["check"]}>{action.isChosen ? <Check size={14} aria-hidden /> : null}</span>
                {action.label}
              </MenuItem>
            </Fragment>
          ))}
        </AriaMenu>
      </Popover>
    </MenuTrigger>
  );
}
