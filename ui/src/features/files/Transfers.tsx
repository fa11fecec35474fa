import { ArrowDown, ArrowUp, Pause, Play, X } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { ProgressBar } from "react-aria-components";
import { Button } from "../../components/Button";
import { Problem } from "../../components/States";
import { type TransferView, useAction } from "../../data/client";
import { useTransfers, useUploads } from "../../data/files";
import { seconds, size } from "../../data/size";
import styles from "./Files.module.css";

/** As many show above where one writes, so that the thread keeps its room; the others are in the view of files. */
const SHOWN = 1;

/** What goes out in one conversation. */
export function Uploads({ conversation }: { conversation: string }): ReactNode {
  const uploads = useUploads(conversation);
  return <List transfers={uploads.slice(0, SHOWN)} more={uploads.length - SHOWN} />;
}

/** Everything that is on its way, in either direction. */
export function Transfers(): ReactNode {
  return <List transfers={useTransfers().data ?? []} more={0} />;
}

function List({ transfers, more }: { transfers: TransferView[]; more: number }): ReactNode {
  const { t } = useTranslation();
  if (transfers.length === 0) return null;
  return (
    <ul className={styles["transfers"]} aria-label={t("files.transfers")}>
      {transfers.map((transfer) => (
        <Transfer key={`${transfer.direction}-${transfer.file}`} transfer={transfer} />
      ))}
      {more > 0 ? <li className={styles["second"]}>+{more}</li> : null}
    </ul>
  );
}

function Transfer({ transfer }: { transfer: TransferView }): ReactNode {
  const { t, i18n } = useTranslation();
  const act = useAction((commands, what: "pause" | "resume" | "cancel") => {
    const commandOf = {
      pause: commands.transfer_pause,
      resume: commands.transfer_resume,
      cancel: commands.transfer_cancel,
    };
    return commandOf[what]({ file: transfer.file });
  });
  const { done_bytes, total_bytes, state } = transfer;
  const percent = total_bytes > 0 ? (done_bytes / total_bytes) * 100 : 0;
  const Icon = transfer.direction === "upload" ? ArrowUp : ArrowDown;
  const language = i18n.language;
  const facts =
    state === "running"
      ? [
          t("files.progress", { done: size(done_bytes, language), total: size(total_bytes, language) }),
          t("files.rate", { rate: size(transfer.bytes_per_second, language) }),
          transfer.seconds_left === null ? null : t("files.left", { time: seconds(transfer.seconds_left, language) }),
        ]
      : [t(`files.transfer.${state}`), transfer.problem];
  const moves = state === "running" || state === "waiting";
  return (
    <li className={styles["transfer"]} data-testid="transfer" data-state={state}>
      <Icon size="1rem" aria-hidden />
      <span className={styles["facts"]}>
        <bdi className={styles["name"]}>{transfer.name}</bdi>
        <ProgressBar className={styles["progress"] ?? ""} aria-label={transfer.name} value={percent}>
          <span className={styles["done"]} style={{ inlineSize: `${String(percent)}%` }} />
        </ProgressBar>
        <span className={state === "failed" ? styles["failed"] : styles["second"]}>
          {facts.filter((fact) => fact !== null).join(" · ")}
        </span>
        <Problem error={act.error} />
      </span>
      <Button
        kind="icon"
        testId={moves ? "transfer-pause" : "transfer-resume"}
        aria-label={t(moves ? "files.pause" : "files.resume", { name: transfer.name })}
        onPress={() => {
          act.mutate(moves ? "pause" : "resume");
        }}
      >
        {moves ? <Pause size="1rem" aria-hidden /> : <Play size="1rem" aria-hidden />}
      </Button>
      <Button
        kind="icon"
        testId="transfer-cancel"
        aria-label={t("files.cancelTransfer", { name: transfer.name })}
        onPress={() => {
          act.mutate("cancel");
        }}
      >
        <X size="1rem" aria-hidden />
      </Button>
    </li>
  );
}
