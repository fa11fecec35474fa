import { Check, TriangleAlert } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { Problem, Skeleton } from "../../components/States";
import { type AlarmView, useAction, useAlarms } from "../../data/client";
import { relative } from "../../data/time";
import styles from "./Alarms.module.css";

/** Every alarm: what happened, where, whom it accuses, and what to do. What was seen stays below. */
export function AlarmList({ onClose }: { onClose: () => void }): ReactNode {
  const { t } = useTranslation();
  const alarms = useAlarms();
  const waiting = alarms.data?.filter((alarm) => alarm.acknowledged_at === null).length ?? 0;
  const before = useRef(waiting);
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    // The button that was pressed is gone: the hand goes on to the next one, or to the way out.
    if (waiting < before.current) {
      const dialog = list.current?.closest('[role="dialog"]');
      const next = dialog?.querySelector<HTMLElement>(
        '[data-testid="alarm-acknowledge"], [data-testid="dialog-close"]',
      );
      next?.focus();
    }
    before.current = waiting;
  }, [waiting]);
  return (
    <Dialog
      title={t("alarms.title")}
      lead={t("alarms.lead")}
      onClose={onClose}
      actions={
        <Button testId="dialog-close" onPress={onClose}>
          {t("app.close")}
        </Button>
      }
    >
      {alarms.isPending ? <Skeleton shape="rows" lines={2} /> : null}
      <Problem error={alarms.error} onRetry={() => void alarms.refetch()} />
      <ul className={styles["list"]} ref={list}>
        {alarms.data?.map((alarm) => (
          <Line key={alarm.id} alarm={alarm} />
        ))}
      </ul>
    </Dialog>
  );
}

function Line({ alarm }: { alarm: AlarmView }): ReactNode {
  const { t, i18n } = useTranslation();
  const acknowledge = useAction((commands, id: string) => commands.alarm_acknowledge({ alarm: id }));
  const seen = alarm.acknowledged_at !== null;
  const Icon = seen ? Check : TriangleAlert;
  const facts = [
    alarm.accused ? t("alarms.accused", { handle: alarm.accused }) : null,
    alarm.count > 1 ? t("alarms.times", { count: alarm.count }) : null,
    relative(alarm.last_at, new Date(), i18n.language),
  ].filter((fact) => fact !== null);
  return (
    <li className={styles["line"]} data-seen={seen} data-testid="alarm-line">
      <Icon className={styles["icon"]} size="1rem" aria-hidden />
      <div className={styles["text"]}>
        <strong dir="auto">{alarm.message}</strong>
        <span dir="auto">{alarm.next_step}</span>
        {alarm.conversation_title ? (
          <span className={styles["facts"]} dir="auto" data-testid="alarm-place">
            {t("alarms.in", { title: alarm.conversation_title })}
          </span>
        ) : null}
        <span className={styles["facts"]}>
          {facts.map((fact, index) => (
            <bdi key={fact}>
              {index > 0 ? " · " : ""}
              {fact}
            </bdi>
          ))}
        </span>
        <Problem error={acknowledge.error} />
      </div>
      {seen ? (
        <span className={styles["facts"]}>{t("alarms.seen")}</span>
      ) : (
        <Button
          testId="alarm-acknowledge"
          aria-label={t("alarms.acknowledgeThis", { message: alarm.message })}
          isDisabled={acknowledge.isPending}
          onPress={() => {
            acknowledge.mutate(alarm.id);
          }}
        >
          {t("alarms.acknowledge")}
        </Button>
      )}
    </li>
  );
}
