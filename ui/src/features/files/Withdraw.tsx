import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Checkbox } from "../../components/Checkbox";
import { Dialog } from "../../components/Dialog";
import { Problem } from "../../components/States";
import { type FileView, useAction, useConversation } from "../../data/client";
import styles from "./Files.module.css";

/** Withdraws a file from everyone, or from those who are ticked. */
export function Withdraw({ file, onClose }: { file: FileView; onClose: () => void }): ReactNode {
  const { t } = useTranslation();
  const [from, setFrom] = useState<readonly string[]>([]);
  const members = useConversation(file.conversation).data?.members ?? [];
  const readers = members.filter((member) => !member.me && (file.named?.includes(member.handle) ?? true));
  const withdraw = useAction((commands, handles: string[]) =>
    commands.file_revoke({ request: { file: file.id, from: handles } }),
  );
  return (
    <Dialog
      title={t("files.withdrawTitle", { name: file.name })}
      lead={t(from.length > 0 ? "files.withdrawSomeLead" : "files.withdrawLead")}
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose}>{t("app.cancel")}</Button>
          <Button
            kind="danger"
            testId="withdraw-confirm"
            isDisabled={withdraw.isPending}
            onPress={() => {
              withdraw.mutate([...from], { onSuccess: onClose });
            }}
          >
            {t(from.length > 0 ? "files.withdrawSome" : "files.withdrawAll")}
          </Button>
        </>
      }
    >
      {file.mine && readers.length > 1 ? (
        <div className={styles["people"]} role="group" aria-label={t("files.withdrawFrom")}>
          <span className={styles["second"]}>{t("files.withdrawFrom")}</span>
          {readers.map((member) => (
            <Checkbox
              key={member.user}
              testId="withdraw-from"
              handle={member.handle}
              isSelected={from.includes(member.handle)}
              onChange={(checked) => {
                setFrom(checked ? [...from, member.handle] : from.filter((handle) => handle !== member.handle));
              }}
            >
              {member.handle}
            </Checkbox>
          ))}
        </div>
      ) : null}
      <Problem error={withdraw.error} />
    </Dialog>
  );
}
