import { BadgeCheck, Server } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { Problem, Skeleton } from "../../components/States";
import type { FileLogLine, FileView } from "../../data/client";
import { useFileLog } from "../../data/files";
import { relative } from "../../data/time";
import styles from "./Files.module.css";

/** Who did what with a file: what devices signed, and what the relay says, told apart. */
export function LogDialog({ file, onClose }: { file: FileView; onClose: () => void }): ReactNode {
  const { t } = useTranslation();
  const log = useFileLog(file.id);
  return (
    <Dialog
      title={t("files.logTitle")}
      lead={file.name}
      onClose={onClose}
      actions={
        <Button testId="dialog-close" onPress={onClose}>
          {t("app.close")}
        </Button>
      }
    >
      {log.isPending ? <Skeleton shape="rows" lines={3} /> : null}
      <Problem error={log.error} onRetry={() => void log.refetch()} />
      {log.data?.problem ? (
        <p className={styles["second"]}>{t("files.logPartial", { reason: log.data.problem })}</p>
      ) : null}
      {log.data && log.data.lines.length === 0 ? <p className={styles["second"]}>{t("files.logEmpty")}</p> : null}
      <ul className={styles["log"]}>
        {log.data?.lines.map((line, index) => (
          <Line key={index} line={line} />
        ))}
      </ul>
    </Dialog>
  );
}

function Line({ line }: { line: FileLogLine }): ReactNode {
  const { t, i18n } = useTranslation();
  const signed = line.proof === "signed";
  const Icon = signed ? BadgeCheck : Server;
  const action = line.action as "upload" | "download" | "preview" | "refusal" | "grant" | "revocation";
  return (
    <li className={styles["line"]} data-testid="log-line" data-action={line.action} data-proof={line.proof}>
      <Icon size="1rem" aria-hidden className={signed ? styles["signed"] : styles["said"]} />
      <span>{t(`files.action.${action}`, { who: line.who })}</span>
      <time className={styles["second"]} dateTime={line.at}>
        {relative(line.at, new Date(), i18n.language)} · {t(signed ? "files.signed" : "files.relaySays")}
      </time>
    </li>
  );
}
