import { GalleryThumbnails, LayoutGrid, ShieldCheck } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { CallView } from "../../data/client";
import { useNow } from "../../data/calls";
import { elapsed } from "../../data/time";
import styles from "./Call.module.css";
import { ControlButton } from "./ControlButton";
import type { Layout } from "./Stage";
import { KEYS } from "./useCallKeys";

interface Props {
  call: CallView;
  title: string;
  layout: Layout;
  onLayout: () => void;
}

/** Which call this is, for how long, and that it is encrypted. */
export function Head({ call, title, layout, onLayout }: Props): ReactNode {
  const { t, i18n } = useTranslation();
  const now = useNow(call.live_since !== null);
  const count = call.people.length + 1;
  return (
    <header className={styles["head"]}>
      <h1 className={styles["title"]}>
        <bdi>{title || t(`call.${call.media}`)}</bdi>
      </h1>
      <span className={styles["facts"]}>
        {call.live_since ? (
          <span role="timer" aria-live="off" data-testid="call-time">
            {elapsed((now - new Date(call.live_since).getTime()) / 1000, i18n.language)}
          </span>
        ) : null}
        {call.live_since ? <span>{t("call.people", { count })}</span> : null}
      </span>
      <span className={styles["space"]} />
      <span className={styles["hallmark"]}>
        <ShieldCheck size="1rem" aria-hidden /> {t("call.encrypted")}
      </span>
      {call.people.length > 1 ? (
        <ControlButton
          plain
          label={t(layout === "grid" ? "call.control.speaker" : "call.control.grid")}
          shortcut={KEYS.layout}
          testId="call-layout"
          onPress={onLayout}
        >
          {layout === "grid" ? (
            <GalleryThumbnails size="1.125rem" aria-hidden />
          ) : (
            <LayoutGrid size="1.125rem" aria-hidden />
          )}
        </ControlButton>
      ) : null}
    </header>
  );
}
