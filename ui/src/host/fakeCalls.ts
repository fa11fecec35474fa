import type { Commands } from "../bindings/commands";
import type {
  AppError,
  CallPerson,
  CallStats,
  CallSummary,
  CallView,
  Devices,
  OpenLinkView,
  PeerStats,
} from "../bindings/types";
import { ago, message, type Workspace } from "./fakeScene";

type CallCommands = Pick<Commands, Extract<keyof Commands, `call_${string}`>>;

const MINUTE = 60_000;

export const devices: Devices = {
  cameras: [
    { id: "/dev/video0", name: "Integrated camera", is_default: true },
    { id: "/dev/video2", name: "Loupe camera 4K", is_default: false },
  ],
  microphones: [
    { id: "mic-1", name: "Built-in microphone", is_default: true },
    { id: "mic-2", name: "Headset", is_default: false },
  ],
  speakers: [
    { id: "out-1", name: "Built-in loudspeakers", is_default: true },
    { id: "out-2", name: "Headset", is_default: false },
  ],
  screens: [{ id: "s-1", name: "Screen 1 · 2560 × 1440", is_default: true }],
  windows: [
    { id: "w-1", name: "Ring 2041, halo 1.1 mm — Drawing", is_default: false },
    { id: "w-2", name: "Price list — Spreadsheet", is_default: false },
  ],
};

const person = (name: string, change: Partial<CallPerson> = {}): CallPerson => ({
  id: `d-${name}-1`,
  name,
  is_guest: false,
  microphone: true,
  camera: true,
  screen: false,
  is_connected: true,
  safety_code: null,
  ...change,
});

const guest = person("Mrs Aldaine", { id: "g-aldaine", is_guest: true, safety_code: "4821 0937 6655" });

const live = (people: CallPerson[], change: Partial<CallView> = {}): CallView => ({
  call: "call-now",
  conversation: "c-1",
  is_outgoing: true,
  from: "ana",
  media: "video",
  phase: "live",
  since: ago(133_000),
  live_since: ago(133_000),
  attempt: 0,
  microphone: true,
  camera: true,
  screen: false,
  people,
  guests_waiting: [],
  outcome: null,
  is_elsewhere: false,
  problem: null,
  ...change,
});

const before = (phase: CallView["phase"], seconds: number, change: Partial<CallView> = {}): CallView =>
  live([], { phase, since: ago(seconds * 1000), live_since: null, ...change });

const views: Record<string, () => CallView> = {
  call: () => live([person("ben")], { conversation: "c-4" }),
  "call-group": () =>
    live([person("ben"), person("lena", { microphone: false }), person("ines", { camera: false }), guest], {
      guests_waiting: [{ id: "g-moreau", name: "Claire Moreau" }],
    }),
  "call-guest": () => live([guest]),
  "call-screen": () => live([person("ben", { screen: true }), person("lena")], { screen: false }),
  "call-sharing": () => live([person("ben")], { screen: true, microphone: false, conversation: "c-4" }),
  "call-audio": () => live([person("ben", { camera: false })], { media: "audio", camera: false, conversation: "c-4" }),
  "call-calling": () => before("calling", 2),
  "call-ringing": () => before("ringing", 9),
  "call-connecting": () => before("connecting", 1, { people: [person("ben", { is_connected: false })] }),
  "call-reconnecting": () =>
    live([person("ben", { is_connected: false })], { phase: "reconnecting", attempt: 2, since: ago(3000) }),
  "call-lost": () => live([person("ben", { is_connected: false })], { phase: "lost", attempt: 3, since: ago(26_000) }),
  "call-ended": () => live([], { phase: "ended", outcome: "completed" }),
  "call-declined": () => before("ended", 20, { outcome: "declined" }),
  "call-problem": () =>
    live([person("ben")], {
      camera: false,
      problem: { gear: "camera", message: "Integrated camera is not there any more: choose another device." },
    }),
  "call-unshared": () =>
    live([person("ben")], { problem: { gear: "screen", message: "The screen is not there any more." } }),
  incoming: () => before("incoming", 3, { is_outgoing: false, from: "ben" }),
  "incoming-guest": () =>
    before("incoming", 3, { is_outgoing: true, guests_waiting: [{ id: "g-aldaine", name: "Mrs Aldaine" }] }),
};

export const callScenes = Object.keys(views);

const quality = { frames_per_second: 29.6, round_trip_ms: 34, loss: 0.002, decrypt_errors: 0, is_relayed: false };

function past(): CallSummary[] {
  const one = (number: number, minutes: number, change: Partial<CallSummary>): CallSummary => ({
    call: `call-${String(number)}`,
    conversation: "c-1",
    from: "ben",
    mine: false,
    media: "video",
    started_at: ago(minutes * MINUTE),
    is_joined: true,
    has_guest: false,
    outcome: "completed",
    seconds: 754,
    quality,
    ...change,
  });
  const none = { is_joined: false, seconds: null, quality: null };
  return [
    one(1, 66, { ...none, outcome: "missed", from: "lena" }),
    one(2, 95, { from: "ana", mine: true, has_guest: true, seconds: 1442 }),
    one(3, 180, { conversation: "c-4", media: "audio", seconds: 92, quality: { ...quality, frames_per_second: 0 } }),
    one(4, 1500, { ...none, outcome: "declined", from: "ana", mine: true, conversation: "c-2" }),
    one(5, 1630, { conversation: "c-5", quality: { ...quality, loss: 0.09, round_trip_ms: 310, is_relayed: true } }),
    one(6, 2900, { ...none, outcome: "cancelled", from: "ana", mine: true, media: "audio", conversation: "c-3" }),
    one(7, 4400, { ...none, outcome: "missed", from: "tomas", conversation: "c-5" }),
    one(8, 4600, { ...none, outcome: "busy", from: "ana", mine: true, conversation: "c-4" }),
  ];
}

const openLink = (link: string, change: Partial<OpenLinkView>): OpenLinkView => ({
  link,
  conversation: "c-1",
  call: "call-now",
  from: "ana",
  mine: true,
  expires_at: ago(-180 * MINUTE),
  is_single_use: true,
  is_used: false,
  ...change,
});

const links = (): OpenLinkView[] => [
  openLink("link-1", { is_used: true }),
  openLink("link-2", { from: "lena", mine: false, is_single_use: false, expires_at: ago(-2900 * MINUTE) }),
  openLink("link-3", { conversation: "c-5", expires_at: ago(-4300 * MINUTE) }),
];

/** What calls a scene holds; also rows in its first thread. */
export interface FakeCalls {
  now: CallView | null;
  past: CallSummary[];
  links: OpenLinkView[];
}

export function addCalls(workspace: Workspace, scene: string): FakeCalls {
  const calls: FakeCalls = {
    now: views[scene]?.() ?? null,
    past: scene === "main" ? [] : past(),
    links: scene === "calls" ? links() : [],
  };
  if (scene !== "calls") return calls;
  const thread = workspace.messages.get("c-1") ?? [];
  for (const call of calls.past.filter((each) => each.conversation === "c-1").reverse()) {
    const minutes = (Date.now() - new Date(call.started_at).getTime()) / MINUTE;
    thread.push({ ...message("c-1", call.from, "", minutes), text: null, kind: "call", call });
  }
  const { call, conversation, from, media } = live([]);
  const going = { ...past()[0], call, conversation, from, media, mine: true, outcome: null } as CallSummary;
  thread.push({ ...message("c-1", "ana", "", 2), text: null, kind: "call", call: going });
  return calls;
}

/** What the statistics say at a moment: a little different each time, as they are. */
function stats(view: CallView, tick: number): CallStats {
  const sway = (step: number): number => Math.sin(tick / 3 + step) + Math.sin(tick * 1.7 + step) / 2;
  const peer = (one: CallPerson, index: number): PeerStats => ({
    peer: one.id,
    frames_received: tick * 30,
    packets_received: tick * 50,
    decrypt_errors: 0,
    replays: 0,
    frames_per_second: one.camera ? 29.5 + sway(index) / 2 : 0,
    first_frame_ms: 412,
    width: one.camera ? 1280 : 0,
    height: one.camera ? 720 : 0,
    level: one.microphone ? Math.abs(sway(index * 2)) / (index === 0 ? 5 : 20) : 0,
    concealed: 3,
    safety_code: one.safety_code,
    round_trip_ms: 38 + 6 * sway(index) + index * 90,
    loss_out: Math.max(0, sway(index) / 220) + (index === 2 ? 0.05 : 0),
    jitter_out_ms: 4 + sway(index),
    lost_in: 12,
    bytes_out: tick * 190_000,
    bytes_in: tick * (180_000 + 5000 * sway(index)),
    estimate_bit_s: 2_400_000 + 150_000 * sway(index + 1),
    srtp: "AEAD_AES_256_GCM",
    dtls: "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    local: "host",
    remote: one.is_guest ? "relay" : "host",
  });
  return {
    frames_sent: tick * 30,
    packets_sent: tick * 50,
    width: 1280,
    height: 720,
    level: Math.abs(sway(5)) / 6,
    peers: view.people.map(peer),
  };
}

export function fakeCalls(calls: FakeCalls, tell: (...topics: string[]) => void): CallCommands {
  let tick = 40;
  const change = (part: Partial<CallView>): null => {
    if (calls.now) calls.now = { ...calls.now, ...part };
    tell("call");
    return null;
  };
  const end = (outcome: CallView["outcome"]): null => {
    tell("calls");
    return change({ phase: "ended", outcome, people: [], guests_waiting: [] });
  };
  const become = (people: CallPerson[]): null => {
    const now = ago(0);
    return change({ phase: "live", since: now, live_since: now, people });
  };
  const leaves = (id: string): CallView["guests_waiting"] =>
    (calls.now?.guests_waiting ?? []).filter((each) => each.id !== id);
  return {
    call_start: async ({ request }) => {
      if (calls.now && calls.now.phase !== "ended") {
        const busy: AppError = {
          code: "in_a_call",
          message: "You are in a call.",
          next_step: "Leave it first.",
          details: "in_a_call",
        };
        throw busy as unknown as Error;
      }
      const { media, conversation, options } = request;
      calls.now = before("calling", 0, { media, conversation, camera: options.is_camera_on });
      tell("call", "calls");
      setTimeout(() => change({ phase: "ringing" }), 600);
      setTimeout(() => become([person("ben")]), 2200);
      return calls.now.call;
    },
    call_answer: async ({ request }) => {
      change({ phase: "connecting", camera: request.options.is_camera_on });
      setTimeout(() => become([person("ben")]), 700);
      return null;
    },
    call_decline: async () => end("declined"),
    call_leave: async () => end(calls.now?.live_since ? "completed" : "cancelled"),
    call_retry: async () => change({ phase: "reconnecting", attempt: 1, since: ago(0) }),
    call_current: async () => calls.now,
    call_set_media: async ({ request }) => change(request),
    call_set_camera: async () => change({ problem: null, camera: true }),
    call_set_microphone: async () => change({ problem: null }),
    call_set_speaker: async () => null,
    call_set_screen: async ({ screen }) => change({ screen: screen !== null }),
    call_set_processing: async () => null,
    call_stats: async () => (calls.now && calls.now.phase !== "ended" ? stats(calls.now, (tick += 1)) : null),
    call_devices: async () => devices,
    call_history: async ({ request }) =>
      calls.past.filter((call) => !request.conversation || call.conversation === request.conversation),
    call_pictures: async () => ({ url: "ws://127.0.0.1:0/" }),
    call_want_key_frame: async () => null,
    call_show: async () => null,
    call_links: async () => [...calls.links],
    call_link_create: async ({ request }) => {
      const { conversation, is_single_use } = request;
      const expires_at = ago(-request.hours * 60 * MINUTE);
      const link = `link-${String(calls.links.length + 1)}-new`;
      calls.links.push(openLink(link, { conversation, expires_at, is_single_use }));
      tell("calls");
      return {
        link,
        url: "https://relay.maisonlune.example/guest#MGE0YjZj.kX2qPz7vWm4tRb9sYc1dLh6uFj3nQe8aGo5iTx0wZr",
        expires_at,
        is_single_use,
        call: "call-now",
      };
    },
    call_link_revoke: async ({ link }) => {
      calls.links = calls.links.filter((each) => each.link !== link);
      tell("calls");
      return null;
    },
    call_guest_admit: async ({ guest: id }) => {
      const found = calls.now?.guests_waiting.find((each) => each.id === id);
      const come = found ? [person(found.name, { ...guest, id, name: found.name })] : [];
      return change({ guests_waiting: leaves(id), people: [...(calls.now?.people ?? []), ...come] });
    },
    call_guest_refuse: async ({ guest: id }) => change({ guests_waiting: leaves(id) }),
    call_guest_send_away: async ({ guest: id }) =>
      change({ people: (calls.now?.people ?? []).filter((each) => each.id !== id) }),
    call_preview_start: async () => null,
    call_preview_level: async () => 0.08 + Math.abs(Math.sin((tick += 1) / 3)) / 5,
    call_preview_stop: async () => null,
  };
}
