import { Ellipsis } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Menu as AriaMenu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { Button } from "../../components/Button";
import { Confirm } from "../../components/Dialog";
import menu from "../../components/Menu.module.css";
import { Problem } from "../../components/States";
import { type FileView, useAction } from "../../data/client";
import styles from "./Files.module.css";
import { LogDialog } from "./LogDialog";
import { Withdraw } from "./Withdraw";

type Asked = "open-with" | "log" | "withdraw" | null;

/** Everything that can be done with a file. */
export function FileMenu({ file, onOpen }: { file: FileView; onOpen: () => void }): ReactNode {
  const { t } = useTranslation();
  const [asked, setAsked] = useState<Asked>(null);
  const save = useAction((commands, ask: boolean) => commands.file_save({ request: { file: file.id, ask } }));
  const openWith = useAction((commands, id: string) => commands.file_open({ file: id }));
  const has = file.state === "available";
  const maySave = has && (!file.view_only || file.mine);
  const close = (): void => {
    setAsked(null);
  };
  const items = [
    has && { id: "open", testId: "file-menu-open", label: t("files.preview"), act: onOpen },
    maySave && {
      id: "save",
      testId: "file-save",
      label: t("files.save"),
      act: () => {
        save.mutate(false);
      },
    },
    maySave && {
      id: "save-as",
      testId: "file-save-as",
      label: t("files.saveAs"),
      act: () => {
        save.mutate(true);
      },
    },
    maySave && {
      id: "open-with",
      testId: "file-open-with",
      label: t("files.openWith"),
      act: () => {
        setAsked("open-with");
      },
    },
    {
      id: "log",
      testId: "file-log",
      label: t("files.log"),
      act: () => {
        setAsked("log");
      },
    },
    has && {
      id: "withdraw",
      testId: "file-withdraw",
      label: t("files.withdraw"),
      danger: true,
      act: () => {
        setAsked("withdraw");
      },
    },
  ].filter((item) => item !== false);
  return (
    <>
      <MenuTrigger>
        <Button kind="icon" aria-label={t("files.menu", { name: file.name })} testId="file-menu">
          <Ellipsis size="1.125rem" aria-hidden />
        </Button>
        <Popover className={menu["popover"] ?? ""} placement="bottom end">
          <AriaMenu className={menu["menu"] ?? ""} aria-label={t("files.menu", { name: file.name })}>
            {items.map((item) => (
              <MenuItem
                key={item.id}
                id={item.id}
                textValue={item.label}
                className={[menu["item"], "danger" in item ? menu["danger"] : ""].join(" ")}
                data-testid={item.testId}
                onAction={item.act}
              >
                {item.label}
              </MenuItem>
            ))}
          </AriaMenu>
        </Popover>
      </MenuTrigger>
      {save.error ? (
        <div className={styles["wide"]}>
          <Problem error={save.error} />
        </div>
      ) : null}
      {asked === "log" ? <LogDialog file={file} onClose={close} /> : null}
      {asked === "withdraw" ? <Withdraw file={file} onClose={close} /> : null}
      {asked === "open-with" ? (
        <Confirm
          title={t("files.openWithTitle")}
          lead={t("files.openWithLead", { name: file.name })}
          action={t("files.openWithAction")}
          busy={openWith.isPending}
          problem={<Problem error={openWith.error} />}
          onConfirm={() => {
            openWith.mutate(file.id, { onSuccess: close });
          }}
          onClose={close}
        />
      ) : null}
    </>
  );
}
