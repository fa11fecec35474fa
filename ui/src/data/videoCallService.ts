import type { Commands } from "../bindings/commands";
import type { CallMedia, CallOptions, CallView } from "../bindings/types";
import { storedOptions } from "./callOptions";

/** Where a call stands, and how the connection to each of the others does. */
export interface ConnectionStatus {
  /** The call; none where there is none. */
  call: string | null;
  phase: CallView["phase"] | "none";
  people: {
    id: string;
    name: string;
    isConnected: boolean;
    /** Milliseconds; none before media flow. */
    roundTripMs: number | null;
    /** The share of packets that got lost, 0 to 1. */
    loss: number | null;
    /** The SRTP profile; none before media flow. */
    srtp: string | null;
  }[];
}

/** The calls of the core as other code of the CRM asks for them. No key ever comes through it. */
export interface VideoCallService {
  isInitialized(): Promise<boolean>;
  /** Rings for everyone in the conversation; answers the call's id. */
  initiateCall(conversation: string, media?: CallMedia, options?: CallOptions): Promise<string>;
  /** Answers a call that rings, or joins one that goes on. */
  joinCall(call: string, options?: CallOptions): Promise<void>;
  /** Leaves; the others may go on. */
  leaveCall(): Promise<void>;
  /** Ends what this device began or hears: leaves the call it is in, declines one that rings. */
  endCall(): Promise<void>;
  getConnectionStatus(): Promise<ConnectionStatus>;
}

export function videoCallService(commands: Commands): VideoCallService {
  return {
    isInitialized: async () => (await commands.app_state()).state === "ready",
    initiateCall: (conversation, media = "video", options = storedOptions(media)) =>
      commands.call_start({ request: { conversation, media, options } }),
    joinCall: async (call, options = storedOptions("video")) => {
      await commands.call_answer({ request: { call, options } });
    },
    leaveCall: async () => {
      await commands.call_leave();
    },
    endCall: async () => {
      const call = await commands.call_current();
      if (call?.phase === "incoming") await commands.call_decline({ call: call.call });
      else if (call && call.phase !== "ended") await commands.call_leave();
    },
    getConnectionStatus: async () => {
      const call = await commands.call_current();
      if (!call) return { call: null, phase: "none", people: [] };
      const peers = call.phase === "ended" ? [] : ((await commands.call_stats())?.peers ?? []);
      const people = call.people.map(({ id, name, is_connected }) => {
        const found = peers.find(({ peer }) => peer === id);
        return {
          id,
          name,
          isConnected: is_connected,
          roundTripMs: found?.round_trip_ms ?? null,
          loss: found?.loss_out ?? null,
          srtp: found?.srtp || null,
        };
      });
      return { call: call.call, phase: call.phase, people };
    },
  };
}
