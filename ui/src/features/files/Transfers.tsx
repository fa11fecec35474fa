import { ArrowDown, ArrowUp, Pause, Play, X } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { ProgressBar } from "react-aria-components";
import { Button } from "../../components/Button";
import { Problem } from "../../components/States";
import { type TransferView, useAction } from "../../data/client";
import { useTransfers } from "../../data/files";
import { seconds, size } from "../../data/size";
import styles from "./Files.module.css";

/** What is on its way, of one conversation or of all; nothing where nothing is. */
export function Transfers({ conversation }: { conversation?: string }): ReactNode {
  const { t } = useTranslation();
  const all = useTransfers().data ?? [];
  const here = conversation ? all.filter((each) => each.conversation === conversation) : all;
  if (here.length === 0) return null;
  return (
    <ul className={styles["transfers"]} aria-label={t("files.transfers")}>
      {here.map((transfer) => (
        <Transfer key={`${transfer.direction}-${transfer.file}`} transfer={transfer} />
      ))}
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
