import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { AppError, CallStats, CallView, Devices, PeerStats } from "../bindings/types";
import { keys, useCommand, useHost } from "./client";

export const useCall = () => useCommand(keys.call, (commands) => commands.call_current());

/** Whether this device is in it, or on its way into it. */
export const isRunning = ({ phase }: CallView): boolean => phase !== "ended" && phase !== "incoming";

const DEVICES_MS = 3000;
/** What can be chosen: looked at anew as long as somebody chooses, for devices and windows come and go. */
export function useDevices() {
  const { commands } = useHost();
  return useQuery<Devices, AppError>({
    queryKey: keys.devices,
    queryFn: () => commands.call_devices(),
    staleTime: 0,
    refetchInterval: DEVICES_MS,
  });
}

const HISTORY = 200;
export const useCallHistory = () =>
  useCommand(keys.calls, (commands) =>
    commands.call_history({ request: { conversation: null, before: null, limit: HISTORY } }),
  );

/** Links that still lead into calls; refreshed with the calls. */
export const useOpenLinks = () => useCommand([...keys.calls, "links"], (commands) => commands.call_links());

/** How a call did at a moment. */
export interface Sample {
  /** Milliseconds of the page's own clock. */
  at: number;
  stats: CallStats;
}

/** A minute of samples is kept. */
const KEPT = 60;
const EVERY_MS = 1000;

/** How the call does, once a second while it lasts; the newest last. */
export function useSamples(isRunning: boolean): Sample[] {
  const { commands } = useHost();
  const [samples, setSamples] = useState<Sample[]>([]);
  useEffect(() => {
    if (!isRunning) return;
    let left = false;
    const ask = (): void => {
      commands.call_stats().then(
        (stats) => {
          if (stats && !left) {
            setSamples((before) => [...before, { at: performance.now(), stats }].slice(-KEPT));
          }
        },
        () => undefined,
      );
    };
    ask();
    const timer = setInterval(ask, EVERY_MS);
    return () => {
      left = true;
      clearInterval(timer);
    };
  }, [commands, isRunning]);
  return samples;
}

/** A line of a graph: a value for each sample, of one of the others. */
export function series(samples: Sample[], peer: string, read: (stats: PeerStats) => number): number[] {
  return samples.flatMap(({ stats }) => {
    const found = stats.peers.find((each) => each.peer === peer);
    return found ? [read(found)] : [];
  });
}

/** What grew between two samples, per second. */
export function rates(samples: Sample[], peer: string, read: (stats: PeerStats) => number): number[] {
  const values = samples.flatMap(({ at, stats }) => {
    const found = stats.peers.find((each) => each.peer === peer);
    return found ? [{ at, value: read(found) }] : [];
  });
  return values.slice(1).map(({ at, value }, index) => {
    const before = values[index] ?? { at: 0, value };
    return Math.max(0, (value - before.value) / Math.max(0.001, (at - before.at) / 1000));
  });
}

export type Grade = "good" | "fair" | "poor";

/** How a connection serves a conversation. */
export function grade({ round_trip_ms, loss_out }: Pick<PeerStats, "round_trip_ms" | "loss_out">): Grade {
  if (loss_out < 0.02 && round_trip_ms < 200) return "good";
  return loss_out < 0.08 && round_trip_ms < 450 ? "fair" : "poor";
}

/** The time that passes, once a second while somebody looks. */
export function useNow(isRunning = true): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(() => {
      setNow(Date.now());
    }, 500);
    return () => {
      clearInterval(timer);
    };
  }, [isRunning]);
  return now;
}
