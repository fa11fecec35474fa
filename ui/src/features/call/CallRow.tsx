import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { useCall } from "../../data/calls";
import { type CallSummary, useConversation } from "../../data/client";
import { BeforeCall } from "./BeforeCall";
import styles from "./Calls.module.css";
import { CallIcon, useOutcome } from "./outcome";

/** A call in the thread: what came of it, and the way to call again, or into it as long as it goes on. */
export function CallRow({ call }: { call: CallSummary }): ReactNode {
  const { t } = useTranslation();
  const [opens, setOpens] = useState(false);
  const now = useCall().data;
  const conversation = useConversation(call.conversation).data;
  const outcome = useOutcome(call);
  const isMine = now?.call === call.call && now.phase !== "ended";
  const mayCall = conversation?.rights.post === true && !conversation.removed;
  return (
    <div className={styles["row"]} data-testid="call-row" data-mine={call.mine} data-outcome={call.outcome ?? "going"}>
      <CallIcon call={call} />
      <span className={styles["facts"]}>
        <span className={styles["name"]}>{t(`call.${call.media}`)}</span>
        <span className={styles["second"]} data-missed={outcome.isMissed}>
          {outcome.words}
          {call.has_guest ? ` · ${t("calls.withGuest")}` : ""}
        </span>
      </span>
      {mayCall && !isMine ? (
        <Button
          testId={call.outcome ? "call-back" : "call-join"}
          onPress={() => {
            setOpens(true);
          }}
        >
          {call.outcome ? t(call.mine ? "calls.again" : "calls.back") : t("calls.join")}
        </Button>
      ) : null}
      {opens ? (
        <BeforeCall
          conversation={call.conversation}
          title={conversation?.title ?? ""}
          media={call.media}
          {...(call.outcome ? {} : { call: call.call })}
          onClose={() => {
            setOpens(false);
          }}
        />
      ) : null}
    </div>
  );
}
