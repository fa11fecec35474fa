import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import type { CallPerson, CallStats, CallView } from "../../data/client";
import styles from "./Stage.module.css";
import { OwnTile, Tile } from "./Tile";

/** All equally large, or whoever speaks large and the others beside. */
export type Layout = "grid" | "speaker";

interface Props {
  call: CallView;
  layout: Layout;
  stats: CallStats | null;
  title: string;
}

interface Shown {
  person: CallPerson;
  isScreen: boolean;
}

/** A voice louder than this takes the large place. */
const SPEAKS = 0.02;

/** Who is in the call, over the whole space. */
export function Stage({ call, layout, stats, title }: Props): ReactNode {
  const { t } = useTranslation();
  const speaker = useSpeaker(call, stats);
  const people: Shown[] = call.people.map((person) => ({ person, isScreen: false }));
  const screens: Shown[] = call.people.filter((person) => person.screen).map((person) => ({ person, isScreen: true }));
  // A screen is there to be looked at: it is large, however the people stand.
  const large = screens[0] ?? (layout === "speaker" ? people.find((each) => each.person.id === speaker) : undefined);
  const rest = [...screens, ...people].filter((each) => each !== large);
  // In a call of two one stands in the corner; among several one is one of them.
  const inCorner = call.people.length < 2;
  const own = <OwnTile call={call} level={stats?.level ?? 0} inCorner={inCorner} />;
  const count = rest.length + (inCorner ? 0 : 1);
  const tile = ({ person, isScreen }: Shown): ReactNode => (
    <Tile
      key={`${person.id}/${String(isScreen)}`}
      person={person}
      isScreen={isScreen}
      speaks={!isScreen && person.id === speaker && call.people.length > 1}
      stats={stats?.peers.find((each) => each.peer === person.id) ?? null}
    />
  );
  return (
    <section className={styles["stage"]} aria-label={t("call.window", { title })} data-large={large !== undefined}>
      {large ? <div className={styles["large"]}>{tile(large)}</div> : null}
      {count > 0 ? (
        <div className={styles[large ? "strip" : "grid"]} data-count={count}>
          {rest.map(tile)}
          {inCorner ? null : own}
        </div>
      ) : null}
      {inCorner ? own : null}
    </section>
  );
}

/** Who speaks, or spoke last. */
function useSpeaker(call: CallView, stats: CallStats | null): string | null {
  const [last, setLast] = useState<string | null>(null);
  const loudest = (stats?.peers ?? []).reduce<{ peer: string; level: number } | null>(
    (best, { peer, level }) => (level > (best?.level ?? SPEAKS) ? { peer, level } : best),
    null,
  );
  if (loudest && loudest.peer !== last) setLast(loudest.peer);
  return call.people.some((each) => each.id === last) ? last : (call.people[0]?.id ?? null);
}
