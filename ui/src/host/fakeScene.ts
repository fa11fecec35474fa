import type {
  AlarmView,
  AppState,
  Connection,
  ConversationDetails,
  FileView,
  MemberView,
  MessageView,
  Person,
  Profile,
  Role,
  TransferView,
} from "../bindings/types";

const MINUTE = 60_000;
const DAY = 86_400_000;

/** A time so many milliseconds before now. */
export const ago = (milliseconds: number): string => new Date(Date.now() - milliseconds).toISOString();

/** What a fake workspace holds. The fake core changes it in place. */
export interface Workspace {
  app: AppState;
  connection: Connection;
  alarms: AlarmView[];
  people: Person[];
  conversations: ConversationDetails[];
  messages: Map<string, MessageView[]>;
  unread: Map<string, number>;
  files: FileView[];
  transfers: TransferView[];
  /** Every reading stays unanswered, or is refused. */
  reading: "answered" | "pending" | "refused";
}

export const profile: Profile = {
  workspace: "w-1",
  workspace_name: "Maison Lune",
  user: "u-ana",
  handle: "ana",
  device: "d-ana-1",
  role: "owner",
  fingerprint: "6f3a91c04be27d58a1f09c3e77b2d4460e8c51fa93d7b620c4e58f1a2b9d3c70",
  relay: "http://127.0.0.1:8443",
  hosts_relay: true,
};

function person(handle: string, role: Role, days: number): Person {
  const digit = (handle.charCodeAt(0) % 16).toString(16);
  return {
    user: `u-${handle}`,
    handle,
    role,
    status: "active",
    fingerprint: handle === "ana" ? profile.fingerprint : profile.fingerprint.replace(/[0-3]/g, digit),
    devices: [{ id: `d-${handle}-1`, added_at: ago(days * DAY), revoked: false }],
    me: handle === "ana",
    joined_at: ago(days * DAY),
    identity_rotated_at: ago(Math.min(days, 41) * DAY),
  };
}

export function member(who: Person, role: Role, verified = true): MemberView {
  return {
    user: who.user,
    handle: who.handle,
    role,
    verified,
    devices: who.devices.length,
    confirmed_at: null,
    confirms: true,
    me: who.me,
  };
}

export function details(id: string, title: string, members: MemberView[], days: number): ConversationDetails {
  const mine = members.find((one) => one.me)?.role ?? "member";
  const leads = mine === "owner" || mine === "admin";
  return {
    id,
    title,
    algorithm: "aes_256_gcm",
    suite: "MLS_256_DHKEMP384_AES256GCM_SHA384_P384",
    epoch: members.length * 3 + days,
    created_at: ago(90 * DAY),
    rotated_at: ago(days * DAY),
    next_rotation_at: ago((days - 30) * DAY),
    members,
    my_role: mine,
    removed: false,
    rights: {
      post: mine !== "read_only",
      add: leads,
      remove: leads,
      change_roles: leads,
      rotate: true,
      leave: mine !== "owner",
    },
  };
}

let counter = 0;
/** A message as it stands once everybody has it. */
export function message(conversation: string, from: string, text: string, minutes: number): MessageView {
  counter += 1;
  const mine = from === "ana";
  return {
    id: `m-${String(counter)}`,
    conversation,
    device: `d-${from}`,
    from,
    user: `u-${from}`,
    mine,
    sent_at: ago(minutes * MINUTE),
    sequence: counter,
    epoch: 17,
    text,
    reply_to: null,
    reply_device: null,
    written_before: false,
    unconfirmed: false,
    state: mine ? "sent" : "received",
    verified: true,
    kind: "text",
    problem: null,
    file: null,
    call: null,
  };
}

type Line = [from: string, text: string, minutes: number];
interface Script {
  title: string;
  with: [handle: string, role: Role][];
  rotatedDays: number;
  unread?: number;
  lines: Line[];
}

const scripts: Script[] = [
  {
    title: "Ring 2041 · Moreau",
    with: [
      ["ana", "owner"],
      ["ben", "member"],
      ["lena", "member"],
      ["claire.moreau", "guest"],
    ],
    rotatedDays: 3,
    lines: [
      ["ben", "First drawing of the halo: 1.4 mm, platinum, sixteen stones of 0.01 ct.", 1710],
      ["ana", "Thank you. I will show it to Claire tonight.", 1698],
      [
        "claire.moreau",
        "The drawing is lovely. Could the halo be a little narrower? I'd like the sapphire to carry it alone.",
        112,
      ],
      ["ana", "Of course. Ben has redrawn it at **1.1 mm**; the stone stays at `2.14 ct`.", 105],
      ["claire.moreau", "That is the one. Please go ahead, in platinum.", 83],
      ["lena", "Certificate is in: unheated, Ceylon. Report 2201 at https://www.gia.edu/report-check", 70],
      ["lena", "I've put the copy in the vault with the stone.", 69],
      ["ben", "Stone is back from the lab: 2.14 ct, unheated, Ceylon. I'll set it this afternoon.", 61],
    ],
  },
  {
    title: "Workshop",
    with: [
      ["ana", "owner"],
      ["ben", "admin"],
      ["ines", "member"],
      ["lena", "member"],
      ["tomas", "member"],
    ],
    rotatedDays: 12,
    unread: 3,
    lines: [
      ["tomas", "Laser is free from two o'clock.", 140],
      ["ana", "Good. Repair 1187 first, please.", 131],
      ["ines", "Flasks are out of the kiln.", 75],
      ["ines", "One sprue broke, the piece is fine.", 74],
      ["ines", "Casting is done, 14 pieces", 72],
    ],
  },
  {
    title: "Claire Moreau",
    with: [
      ["ana", "owner"],
      ["claire.moreau", "guest"],
    ],
    rotatedDays: 6,
    lines: [
      ["ana", "Shall we say Thursday at four?", 118],
      ["claire.moreau", "Thank you, Thursday at four is perfect", 106],
    ],
  },
  {
    title: "Ben",
    with: [
      ["ana", "owner"],
      ["ben", "member"],
    ],
    rotatedDays: 1,
    lines: [
      ["ben", "Are the trays still upstairs?", 150],
      ["ana", "I'll bring the tray down", 143],
    ],
  },
  {
    title: "Repair 1187 · Rossi",
    with: [
      ["ana", "owner"],
      ["ben", "member"],
      ["tomas", "member"],
    ],
    rotatedDays: 20,
    unread: 1,
    lines: [
      ["ana", "Two claws worn, one stone loose. € 180.", 200],
      ["tomas", "Quote approved, I start today", 158],
    ],
  },
  ...(
    [
      ["Necklace 2036 · Haddad", "lena", "Three photographs are with the client", 4300],
      ["Sales Geneva", "ines", "Stand 14 is confirmed", 4800],
      ["Atelier Novak", "tomas", "The clasp comes on Monday", 6000],
      ["Vault inventory", "ana", "Count agrees with the book", 7200],
      ["Bracelet 2029 · Okafor", "ben", "Polished, ready to collect", 8600],
      ["Gold price", "lena", "Fixing at 10:30 noted", 9900],
    ] as const
  ).map(([title, from, text, minutes]): Script => ({
    title,
    with: [
      ["ana", "owner"],
      ["ben", "member"],
      ["lena", "member"],
      ["ines", "member"],
      ["tomas", "member"],
    ],
    rotatedDays: 9,
    lines: [[from, text, minutes]],
  })),
];

function full(): Workspace {
  counter = 0;
  const people = [
    person("ana", "owner", 210),
    person("ben", "admin", 204),
    person("lena", "member", 160),
    person("ines", "member", 120),
    person("tomas", "member", 44),
    person("claire.moreau", "guest", 12),
    { ...person("marc", "member", 190), status: "suspended" as const },
  ];
  const find = (handle: string): Person => people.find((one) => one.handle === handle) ?? person(handle, "member", 1);
  const workspace: Workspace = {
    app: { state: "ready", profile, recovery_confirmed: true },
    connection: { state: "online", queued: 0, detail: null },
    alarms: [],
    people,
    conversations: [],
    messages: new Map(),
    unread: new Map(),
    files: [],
    transfers: [],
    reading: "answered",
  };
  scripts.forEach((script, index) => {
    const id = `c-${String(index + 1)}`;
    const lastOf = (handle: string): string | null => {
      const line = script.lines.findLast(([from]) => from === handle);
      return line ? ago(line[2] * MINUTE) : null;
    };
    const members = script.with.map(([handle, role]) => ({
      ...member(find(handle), role),
      confirmed_at: lastOf(handle),
    }));
    workspace.conversations.push(details(id, script.title, members, script.rotatedDays));
    workspace.messages.set(
      id,
      script.lines.map(([from, text, minutes]) => message(id, from, text, minutes)),
    );
    if (script.unread) workspace.unread.set(id, script.unread);
  });
  return workspace;
}

/** Every state of the messages in one thread. */
function states(workspace: Workspace): void {
  const thread = workspace.messages.get("c-1") ?? [];
  const asked = thread[2];
  thread.push(
    {
      ...message("c-1", "ana", "The narrower one, yes.", 40),
      reply_to: asked?.id ?? null,
      reply_device: asked?.device ?? null,
    },
    {
      ...message("c-1", "lena", "", 30),
      text: null,
      kind: "unreadable",
      verified: false,
      problem: "Its signature does not fit the device that sent it.",
    },
    { ...message("c-1", "ben", "", 28), text: null, kind: "unknown", problem: "Sent by a newer version." },
    {
      ...message("c-1", "ana", "I'll be there at four.", 3),
      state: "refused",
      sequence: null,
      problem: "The relay has no room left.",
    },
    { ...message("c-1", "ana", "On my way down.", 1), state: "queued", sequence: null },
  );
}

/** What the log tells about a conversation that somebody may keep apart. */
function log(workspace: Workspace): void {
  const first = workspace.conversations[0];
  const thread = workspace.messages.get("c-1") ?? [];
  if (first) first.members = first.members.map((one) => (one.handle === "ben" ? { ...one, confirms: false } : one));
  thread.splice(
    2,
    0,
    { ...message("c-1", "lena", "Platinum is short this week: shall I order?", 1704), written_before: true },
    { ...message("c-1", "ana", "Yes, enough for two rings.", 1690), unconfirmed: true },
  );
}

const changes: Record<string, (workspace: Workspace) => void> = {
  main: () => undefined,
  new: (workspace) => {
    workspace.app = { state: "new" };
  },
  locked: (workspace) => {
    workspace.app = {
      state: "locked",
      slots: ["passphrase", "recovery_words"],
      reason: "The system's keychain did not answer.",
    };
  },
  unconfirmed: (workspace) => {
    workspace.app = { state: "ready", profile, recovery_confirmed: false };
  },
  states,
  log,
  "disk-full": (workspace) => {
    states(workspace);
    workspace.connection = { state: "disk_full", queued: 1, detail: "This computer's disk is full." };
  },
  offline: (workspace) => {
    states(workspace);
    workspace.connection = { state: "offline", queued: 1, detail: "The relay at 127.0.0.1:8443 does not answer." };
  },
  alarm: (workspace) => {
    workspace.alarms = [
      {
        id: "3",
        code: "group_forked",
        message: "Somebody in a conversation sees another group than you do.",
        next_step: "Do not write there: speak with the conversation's owner outside Bezel.",
        conversation: "c-1",
        conversation_title: "Ring 2041 · Moreau",
        accused: "lena",
        accused_device: "0191d0a0-0000-7000-8000-000000000003",
        first_at: ago(3 * 86_400_000),
        last_at: ago(4 * 60_000),
        count: 3,
        acknowledged_at: null,
      },
      {
        id: "2",
        code: "roster_forked",
        message: "The relay showed two different rosters.",
        next_step: "Send nothing confidential, and compare the roster's number with a colleague in person.",
        conversation: null,
        conversation_title: null,
        accused: null,
        accused_device: null,
        first_at: ago(2 * 3_600_000),
        last_at: ago(2 * 3_600_000),
        count: 1,
        acknowledged_at: null,
      },
    ];
  },
  unverified: (workspace) => {
    const first = workspace.conversations[0];
    if (first) first.members = first.members.map((one) => (one.handle === "lena" ? { ...one, verified: false } : one));
  },
  reader: (workspace) => {
    const first = workspace.conversations[0];
    if (!first) return;
    first.members = first.members.map((one) => (one.me ? { ...one, role: "read_only" } : one));
    first.my_role = "read_only";
    first.rights = { post: false, add: false, remove: false, change_roles: false, rotate: true, leave: true };
  },
  removed: (workspace) => {
    const first = workspace.conversations[0];
    if (!first) return;
    first.members = first.members.filter((one) => !one.me);
    first.removed = true;
    first.rights = { post: false, add: false, remove: false, change_roles: false, rotate: false, leave: false };
  },
  empty: (workspace) => {
    workspace.conversations = [];
    workspace.messages.clear();
    workspace.unread.clear();
    workspace.people = workspace.people.filter((one) => one.me);
  },
  loading: (workspace) => {
    workspace.reading = "pending";
  },
  error: (workspace) => {
    workspace.reading = "refused";
  },
  long: (workspace) => {
    const names = ["ana", "ben", "lena", "claire.moreau"];
    const many = Array.from({ length: 5_000 }, (_, index) =>
      message(
        "c-1",
        names[Math.floor(index / 3) % 4] ?? "ben",
        `Piece ${String(index + 1)} is checked and weighed.`,
        5_000 - index,
      ),
    );
    workspace.messages.set("c-1", many);
  },
};

/** The names of the scenes, for the pictures. */
export const sceneNames = Object.keys(changes);

/** The workspace of a scene; an unknown name gives the full one. */
export function scene(name: string): Workspace {
  const workspace = full();
  changes[name]?.(workspace);
  return workspace;
}
