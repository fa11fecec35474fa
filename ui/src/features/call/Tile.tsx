import { MicOff } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Avatar } from "../../components/Avatar";
import { storedChoices } from "../../data/callOptions";
import { grade } from "../../data/calls";
import type { CallPerson, CallView, PeerStats } from "../../data/client";
import { Picture } from "./PicturesProvider";
import { QualityMark } from "./QualityMark";
import styles from "./Tile.module.css";

interface Props {
  person: CallPerson;
  isScreen: boolean;
  speaks: boolean;
  stats: PeerStats | null;
}

/** Somebody, or their screen: the picture, the name, and how the connection serves. */
export function Tile({ person, isScreen, speaks, stats }: Props): ReactNode {
  const { t } = useTranslation();
  const name = isScreen ? t("call.tile.screen", { name: person.name }) : person.name;
  // What was said of a camera may be late or lost: pictures that come are shown.
  const shows = isScreen || person.camera || (stats?.frames_per_second ?? 0) > 0;
  return (
    <figure
      className={styles["tile"]}
      data-testid="call-tile"
      data-person={person.id}
      data-screen={isScreen}
      data-speaks={speaks}
      data-lit={shows}
      data-connected={person.is_connected}
    >
      {shows ? (
        <Picture person={person.id} isScreen={isScreen} label={name} className={styles["picture"]} />
      ) : (
        <span className={styles["initials"]}>
          <Avatar name={person.name} />
        </span>
      )}
      <figcaption className={styles["caption"]}>
        {!isScreen && !person.microphone ? (
          <MicOff size="0.875rem" role="img" aria-label={t("call.tile.muted")} aria-hidden={false} />
        ) : null}
        <bdi className={styles["name"]}>{name}</bdi>
        {person.is_guest && !isScreen ? <span className={styles["guest"]}>{t("call.guest")}</span> : null}
        {person.is_connected ? null : <span>{t("call.tile.waiting")}</span>}
        {stats && person.is_connected && !isScreen ? <QualityMark grade={grade(stats)} /> : null}
      </figcaption>
    </figure>
  );
}

/** What the others see of oneself; as in a mirror, but for the moving pattern, which is to be read. */
export function OwnTile({ call, level, inCorner }: { call: CallView; level: number; inCorner: boolean }): ReactNode {
  const { t } = useTranslation();
  return (
    <figure
      className={[styles["tile"], inCorner ? styles["corner"] : ""].join(" ")}
      data-testid="call-own"
      data-lit={call.camera}
      data-speaks={call.microphone && level > 0.02}
    >
      {call.camera ? (
        <Picture
          person={null}
          label={t("call.you")}
          className={[styles["picture"], storedChoices().camera.kind === "synthetic" ? "" : styles["mirror"]].join(" ")}
        />
      ) : (
        <span className={styles["initials"]}>
          <Avatar name={t("call.you")} />
        </span>
      )}
      <figcaption className={styles["caption"]}>
        {call.microphone ? null : (
          <MicOff size="0.875rem" role="img" aria-label={t("call.tile.muted")} aria-hidden={false} />
        )}
        <span className={styles["name"]}>{t("call.you")}</span>
      </figcaption>
    </figure>
  );
}
