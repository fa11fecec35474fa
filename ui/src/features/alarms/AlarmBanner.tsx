import { lazy, type ReactNode, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { useAlarms } from "../../data/client";
import styles from "./Alarms.module.css";

const AlarmList = lazy(async () => ({ default: (await import("./AlarmList")).AlarmList }));

/** The newest alarm that waits to be seen, how many more there are, and the way to all of them. */
export function AlarmBanner(): ReactNode {
  const { t } = useTranslation();
  const [listing, setListing] = useState(false);
  const waiting = useAlarms().data?.filter((alarm) => alarm.acknowledged_at === null) ?? [];
  const newest = waiting[0];
  const more = waiting.length - 1;
  return (
    <>
      {newest ? (
        <div className={styles["banner"]} role="alert" data-testid="alarm-banner">
          <span className={styles["words"]} dir="auto">
            <strong>{newest.message}</strong> {newest.next_step}
          </span>
          <Button
            kind="quiet"
            testId="alarm-show"
            onPress={() => {
              setListing(true);
            }}
          >
            {more > 0 ? t("alarms.more", { count: more }) : t("alarms.show")}
          </Button>
        </div>
      ) : null}
      {listing ? (
        <Suspense>
          <AlarmList
            onClose={() => {
              setListing(false);
            }}
          />
        </Suspense>
      ) : null}
    </>
  );
}
