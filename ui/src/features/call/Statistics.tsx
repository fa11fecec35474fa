import { ShieldCheck } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { grade, rates, type Sample, series } from "../../data/calls";
import type { CallView, PeerStats } from "../../data/client";
import { number } from "../../data/number";
import { Graph } from "./Graph";
import { QualityMark } from "./QualityMark";
import { SidePanel } from "./SidePanel";
import styles from "./Statistics.module.css";

interface Props {
  call: CallView;
  samples: Sample[];
  onClose: () => void;
}

/** How the call does, live. */
export function Statistics({ call, samples, onClose }: Props): ReactNode {
  const { t } = useTranslation();
  const now = samples.at(-1)?.stats;
  const pixels = usePixels();
  return (
    <SidePanel title={t("call.stats.title")} testId="call-statistics-panel" onClose={onClose}>
      {now && now.width > 0 ? (
        <p className={styles["sent"]}>
          {t("call.stats.sent", { width: pixels(now.width), height: pixels(now.height) })}
        </p>
      ) : null}
      {now && now.peers.length > 0 ? (
        now.peers.map((peer) => (
          <Peer
            key={peer.peer}
            peer={peer}
            name={call.people.find((each) => each.id === peer.peer)?.name ?? "·"}
            samples={samples}
          />
        ))
      ) : (
        <p className={styles["sent"]}>{t("call.stats.waiting")}</p>
      )}
    </SidePanel>
  );
}

/** Sizes of pictures have no groups of digits. */
function usePixels(): (count: number) => string {
  const format = new Intl.NumberFormat(useTranslation().i18n.language, { useGrouping: false });
  return (count) => format.format(count);
}

function Peer({ peer, name, samples }: { peer: PeerStats; name: string; samples: Sample[] }): ReactNode {
  const { t, i18n } = useTranslation();
  const unit = (value: number, name: string, digits = 0): string =>
    new Intl.NumberFormat(i18n.language, { style: "unit", unit: name, maximumFractionDigits: digits }).format(value);
  const bits = (value: number): string =>
    value >= 1e6 ? `${unit(value / 1e6, "megabit", 1)}/s` : `${unit(value / 1e3, "kilobit")}/s`;
  const percent = new Intl.NumberFormat(i18n.language, { style: "percent", maximumFractionDigits: 1 });
  const pixels = usePixels();
  const received = rates(samples, peer.peer, (each) => each.bytes_in * 8);
  const isRelayed = peer.local === "relay" || peer.remote === "relay";
  const facts: [string, string, string?][] = [
    [t("call.stats.resolution"), peer.width > 0 ? `${pixels(peer.width)} × ${pixels(peer.height)}` : "–"],
    [t("call.stats.first"), peer.first_frame_ms === null ? "–" : unit(peer.first_frame_ms, "millisecond")],
    [t("call.stats.path"), t(isRelayed ? "call.stats.relayed" : "call.stats.direct"), `${peer.local} → ${peer.remote}`],
  ];
  const protection: [string, string, string][] = [
    [t("call.stats.frames"), t("call.stats.framesFacts", { count: peer.decrypt_errors }), "stats-frames"],
    [t("call.stats.transport"), peer.srtp, "stats-srtp"],
    [t("call.stats.handshake"), peer.dtls, "stats-dtls"],
  ];
  return (
    <section className={styles["peer"]} data-testid="stats-peer" data-person={peer.peer} aria-label={name}>
      <h3 className={styles["name"]}>
        <bdi>{name}</bdi> <QualityMark grade={grade(peer)} />
      </h3>
      <dl className={styles["graphs"]}>
        <Graph
          label={t("call.stats.fps")}
          value={number(Math.round(peer.frames_per_second), i18n.language)}
          values={series(samples, peer.peer, (each) => each.frames_per_second)}
          least={30}
        />
        <Graph label={t("call.stats.received")} value={bits(received.at(-1) ?? 0)} values={received} least={500_000} />
        <Graph
          label={t("call.stats.estimate")}
          value={bits(peer.estimate_bit_s)}
          values={series(samples, peer.peer, (each) => each.estimate_bit_s)}
          least={500_000}
        />
        <Graph
          label={t("call.stats.roundTrip")}
          value={unit(peer.round_trip_ms, "millisecond")}
          values={series(samples, peer.peer, (each) => each.round_trip_ms)}
          least={50}
        />
        <Graph
          label={t("call.stats.loss")}
          value={percent.format(peer.loss_out)}
          values={series(samples, peer.peer, (each) => each.loss_out)}
          least={0.02}
        />
      </dl>
      <dl className={styles["facts"]}>
        {facts.map(([what, value, title]) => (
          <div key={what} className={styles["fact"]}>
            <dt>{what}</dt>
            <dd title={title}>{value}</dd>
          </div>
        ))}
      </dl>
      <dl className={styles["protection"]}>
        {protection.map(([what, value, testId], index) => (
          <div key={what} className={styles["protect"]}>
            <dt>
              {index === 0 ? <ShieldCheck size="0.875rem" aria-hidden /> : null}
              {what}
            </dt>
            <dd dir="ltr" data-testid={testId}>
              {value}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
