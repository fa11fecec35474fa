import type { Commands } from "../bindings/commands";
import type { AppError, ConversationDetails, ConversationSummary, MessageView, Person, Role } from "../bindings/types";
import { ago, details, member, message, profile, scene, type Workspace } from "./fakeScene";
import { addCalls, fakeCalls, type FakeCalls } from "./fakeCalls";
import { addFiles, fakeFiles } from "./fakeFiles";
import { fakePictures } from "./fakePictures";
import type { Host } from "./host";

const PAGE_MARK = "before:";
const WORDS =
  "amber anvil bezel brass bright carat chain clasp copper crown facet flame forge gem girdle gold halo hinge jade lathe lustre onyx opal pearl".split(
    " ",
  );
const INVITE = "bezel://127.0.0.1:8443/join/w-1#Zk3t0Qf7sVJm2c9xB1rLwYtDq8uHeN5aPoGiRk6XvCE";

function refusal(code: string, text: string, next: string): AppError {
  return { code, message: text, next_step: next, details: `${code}: ${text}` };
}

/** A core in memory: every screen runs over it in a plain browser. Nothing in it is encrypted. */
export function fakeHost(name: string): Host {
  const workspace = scene(name);
  if (name === "files") addFiles(workspace);
  const calls = addCalls(workspace, name);
  const listeners = new Set<(topics: string[]) => void>();
  const tell = (...topics: string[]): void => {
    queueMicrotask(() => {
      listeners.forEach((listener) => {
        listener(topics);
      });
    });
  };
  return {
    commands: guard(workspace, commands(workspace, calls, tell)),
    onChanged(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    onDrop: () => () => undefined,
    openPictures: (form, hear) => fakePictures(form, () => sources(calls), hear),
    closeWindow: () => undefined,
    copy: async (text) => {
      await navigator.clipboard.writeText(text).catch(() => undefined);
    },
  };
}

/** Whose pictures come: everyone's whose camera or screen is on, and one's own. */
function sources({ now }: FakeCalls): { person: string; isScreen: boolean }[] {
  const own = [{ person: "", isScreen: false }];
  if (!now || now.phase === "ended") return own;
  return [
    ...(now.camera ? own : []),
    ...now.people.filter((each) => each.camera).map((each) => ({ person: each.id, isScreen: false })),
    ...now.people.filter((each) => each.screen).map((each) => ({ person: each.id, isScreen: true })),
  ];
}

/** Lets the readings of a scene hang or fail; whether the app is set up is always answered. */
function guard(workspace: Workspace, inner: Commands): Commands {
  if (workspace.reading === "answered") return inner;
  const held = workspace.reading;
  return new Proxy(inner, {
    get(target, name, receiver) {
      if (name === "app_state" || name === "alarm_list" || name === "connection") {
        return Reflect.get(target, name, receiver) as unknown;
      }
      if (held === "pending") return () => new Promise(() => undefined);
      return () =>
        Promise.reject(
          refusal(
            "cache_busy",
            "The messages on this computer can't be read now.",
            "Try again in a moment.",
          ) as unknown as Error,
        );
    },
  });
}

function commands(workspace: Workspace, calls: FakeCalls, tell: (...topics: string[]) => void): Commands {
  const conversation = (id: string): ConversationDetails => {
    const found = workspace.conversations.find((one) => one.id === id);
    if (!found) throw refusal("not_found", "There is no such conversation.", "Choose another.") as unknown as Error;
    return found;
  };
  const thread = (id: string): MessageView[] => workspace.messages.get(id) ?? [];
  const rekey = (id: string): number => {
    const found = conversation(id);
    found.epoch += 1;
    found.rotated_at = ago(0);
    found.next_rotation_at = ago(-30 * 86_400_000);
    tell(`conversation:${id}`, "conversations", "keys");
    return found.epoch;
  };
  const summary = (one: ConversationDetails): ConversationSummary => {
    const last = thread(one.id).at(-1);
    return {
      id: one.id,
      title: one.title,
      people: one.members.length,
      algorithm: one.algorithm,
      unread: workspace.unread.get(one.id) ?? 0,
      my_role: one.my_role,
      removed: one.removed,
      last: last
        ? {
            from: last.from,
            preview: last.text ?? "",
            call: last.call?.media ?? null,
            sent_at: last.sent_at,
            mine: last.mine,
          }
        : null,
      updated_at: last?.sent_at ?? one.created_at,
    };
  };
  const change = (user: string, how: (one: Person) => Person): null => {
    workspace.people = workspace.people.map((one) => (one.user === user ? how(one) : one));
    tell("people");
    return null;
  };
  const enter = (handle: string, workspaceName: string): { recovery_words: string[] } => {
    workspace.app = {
      state: "ready",
      profile: { ...profile, handle, workspace_name: workspaceName },
      recovery_confirmed: false,
    };
    tell("app_state");
    return { recovery_words: [...WORDS] };
  };
  const settle = (id: string): void => {
    for (const [room, all] of workspace.messages) {
      const found = all.find((one) => one.id === id);
      if (!found) continue;
      found.state = "sent";
      found.problem = null;
      found.sequence = all.length;
      tell(`messages:${room}`, "conversations");
    }
  };

  return {
    ...fakeFiles(workspace, tell),
    ...fakeCalls(calls, tell),
    app_state: async () => ({ ...workspace.app }),
    workspace_create: async ({ request }) => {
      await pause(600);
      if (request.passphrase === "x") {
        throw refusal(
          "passphrase_short",
          "This passphrase is too weak: it is too short to withstand guessing.",
          "Add three or four words that have nothing to do with each other; no digits or signs are needed.",
        ) as unknown as Error;
      }
      return enter(request.handle, request.name);
    },
    workspace_join: async ({ request }) => {
      await pause(600);
      return enter(request.handle, profile.workspace_name);
    },
    recovery_confirm: async ({ request }) => {
      if (!request.answers.every(({ index, word }) => WORDS[index] === word.trim().toLowerCase())) {
        throw refusal(
          "wrong_words",
          "These are not the words that were asked for.",
          "Look at what you wrote down, and mind the numbers.",
        ) as unknown as Error;
      }
      if (workspace.app.state === "ready") {
        workspace.app = { ...workspace.app, recovery_confirmed: true };
        tell("app_state");
      }
      return { confirmed: true };
    },
    unlock: async ({ request }) => {
      if (request.passphrase !== "open" && request.recovery_words?.trim() !== WORDS.join(" ")) {
        throw refusal(
          "wrong_secret",
          "That does not open it.",
          "Check for a slip of the finger and try again.",
        ) as unknown as Error;
      }
      workspace.app = { state: "ready", profile, recovery_confirmed: true };
      tell("app_state");
      return workspace.app;
    },
    profile: async () => profile,
    conversation_list: async () =>
      workspace.conversations.map(summary).sort((one, other) => other.updated_at.localeCompare(one.updated_at)),
    conversation_show: async ({ conversation: id }) => ({ ...conversation(id) }),
    conversation_create: async ({ request }) => {
      const id = `c-${String(workspace.conversations.length + 1)}-new`;
      const roles = new Map<string, Role>(request.members.map((one) => [one.user, one.role]));
      const members = workspace.people
        .filter((one) => one.me || roles.has(one.user))
        .map((one) => member(one, one.me ? "owner" : (roles.get(one.user) ?? "member")));
      const made = details(id, request.title, members, 0);
      made.created_at = ago(0);
      if (request.algorithm) made.algorithm = request.algorithm;
      workspace.conversations.push(made);
      workspace.messages.set(id, []);
      tell("conversations");
      return { conversation: id };
    },
    conversation_add: async ({ request }) => {
      const who = workspace.people.find((one) => one.user === request.user);
      const found = conversation(request.conversation);
      if (who) found.members = [...found.members, member(who, request.role)];
      rekey(request.conversation);
      return null;
    },
    conversation_remove: async ({ request }) => {
      const found = conversation(request.conversation);
      found.members = found.members.filter((one) => one.user !== request.user);
      rekey(request.conversation);
      return null;
    },
    conversation_leave: async ({ conversation: id }) => {
      const found = conversation(id);
      found.members = found.members.filter((one) => !one.me);
      found.removed = true;
      found.rights = { post: false, add: false, remove: false, change_roles: false, rotate: false, leave: false };
      tell(`conversation:${id}`, "conversations");
      return null;
    },
    conversation_set_role: async ({ request }) => {
      const found = conversation(request.conversation);
      found.members = found.members.map((one) => (one.user === request.user ? { ...one, role: request.role } : one));
      rekey(request.conversation);
      return null;
    },
    conversation_rotate: async ({ conversation: id }) => ({ epoch: rekey(id) }),
    conversation_read: async ({ conversation: id }) => {
      if (workspace.unread.delete(id)) tell("conversations");
      return null;
    },
    encryption_status: async ({ conversation: id }) => {
      const found = conversation(id);
      const doubtful = found.members.filter((one) => !one.verified);
      const guests = found.members.filter((one) => one.role === "guest");
      return {
        conversation: id,
        algorithm: found.algorithm,
        epoch: found.epoch,
        people: found.members.length,
        verified: found.members.length - doubtful.length,
        rotated_at: found.rotated_at,
        next_rotation_at: found.next_rotation_at,
        warnings: [
          ...doubtful.map((one) => ({ code: "unverified", text: `A device of ${one.handle} is not in the roster.` })),
          ...guests.map((one) => ({ code: "guest", text: `${one.handle} is a guest and can read this.` })),
        ],
        readers: found.members.map(({ handle, role, devices, verified }) => ({ handle, role, devices, verified })),
      };
    },
    message_list: async ({ request }) => {
      const all = thread(request.conversation);
      const end = request.before ? Number(request.before.slice(PAGE_MARK.length)) : all.length;
      const start = Math.max(0, end - request.limit);
      return {
        messages: all.slice(start, end).map((one) => ({ ...one })),
        earlier: start > 0 ? `${PAGE_MARK}${String(start)}` : null,
      };
    },
    message_send: async ({ request }) => {
      const sent: MessageView = {
        ...message(request.conversation, "ana", request.text, 0),
        reply_to: request.reply_to,
        reply_device: request.reply_device,
        state: "queued",
        sequence: null,
      };
      workspace.messages.set(request.conversation, [...thread(request.conversation), sent]);
      tell(`messages:${request.conversation}`, "conversations");
      if (workspace.connection.state === "online") {
        setTimeout(() => {
          settle(sent.id);
        }, 120);
      }
      return { message: sent.id, state: "queued" };
    },
    message_cancel: async ({ message: id }) => {
      for (const [room, all] of workspace.messages) {
        if (!all.some((one) => one.id === id)) continue;
        workspace.messages.set(
          room,
          all.filter((one) => one.id !== id),
        );
        tell(`messages:${room}`, "conversations");
      }
      return null;
    },
    message_retry: async ({ message: id }) => {
      settle(id);
      return null;
    },
    message_search: async ({ request }) => search(workspace, request.query, request.limit),
    encrypt_message: async ({ request }) => ({ envelope: btoa(encodeURIComponent(request.text)), message: "m-0" }),
    decrypt_message: async ({ request }) =>
      message(request.conversation, "ben", decodeURIComponent(atob(request.envelope)), 0),
    people_list: async () => workspace.people.map((one) => ({ ...one })),
    person_set_role: async ({ request }) => change(request.user, (one) => ({ ...one, role: request.role })),
    person_suspend: async ({ user }) => change(user, (one) => ({ ...one, status: "suspended" })),
    person_reinstate: async ({ user }) => change(user, (one) => ({ ...one, status: "active" })),
    person_remove: async ({ user }) => change(user, (one) => ({ ...one, status: "removed" })),
    device_revoke: async ({ device }) => {
      workspace.people = workspace.people.map((one) => ({
        ...one,
        devices: one.devices.map((each) => (each.id === device ? { ...each, revoked: true } : each)),
      }));
      tell("people");
      return null;
    },
    invite_create: async ({ request }) => ({ link: INVITE, expires_at: ago(-request.days * 86_400_000) }),
    keys_status: async () => ({
      algorithm: "RSA-4096",
      fingerprint: profile.fingerprint,
      created_at: ago(41 * 86_400_000),
      age_days: 41,
      rotation_days: 90,
      due_at: ago(-49 * 86_400_000),
      slots: { keychain: true, recovery_words: true, passphrase: false },
      conversations: workspace.conversations.map(({ id, title, epoch, rotated_at, next_rotation_at }) => ({
        id,
        title,
        epoch,
        rotated_at,
        due_at: next_rotation_at,
      })),
    }),
    keys_rotate: async () => {
      tell("keys", "people");
      return { fingerprint: profile.fingerprint };
    },
    user_encryption_key: async () => ({
      user: profile.user,
      algorithm: "RSA-4096",
      fingerprint: profile.fingerprint,
      pem: "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n",
      created_at: ago(41 * 86_400_000),
    }),
    validate_setup: async () => ({
      ok: true,
      checks: [{ name: "identity", ok: true, detail: "RSA-4096, 41 days old", remedy: null }],
    }),
    settings: async () => ({
      encryption_enabled: true,
      default_algorithm: "aes_256_gcm",
      key_rotation_days: 90,
      audit_logging: true,
      compliance_mode: [],
      call_attempts: 3,
      call_attempt_seconds: 8,
    }),
    connection: async () => ({ ...workspace.connection }),
    alarm_list: async () => workspace.alarms.map((alarm) => ({ ...alarm })),
    alarm_acknowledge: async ({ alarm }) => {
      workspace.alarms = workspace.alarms.map((one) => (one.id === alarm ? { ...one, acknowledged_at: ago(0) } : one));
      tell("alarm");
      return null;
    },
    debug_info: async () => ({
      version: "0.1.0",
      report: "bezel 0.1.0\nroster: 24 statements, checked\nconversations: 11\noutbox: empty\ncache: ok",
    }),
  };
}

function search(workspace: Workspace, query: string, limit: number) {
  if (!/[\p{L}\p{N}\p{So}]/u.test(query)) {
    throw refusal(
      "nothing_to_find",
      "There is nothing in this that can be searched for.",
      "Type at least one letter, digit or emoji.",
    ) as unknown as Error;
  }
  const wanted = query.trim().toLowerCase();
  return workspace.conversations
    .flatMap((room) =>
      (workspace.messages.get(room.id) ?? []).flatMap((one) => {
        const text = one.text ?? "";
        const at = text.toLowerCase().indexOf(wanted);
        if (at < 0) return [];
        const end = at + wanted.length;
        const snippet = `${text.slice(0, at)}\u0001${text.slice(at, end)}\u0002${text.slice(end)}`;
        return [{ message: one, conversation_title: room.title, snippet }];
      }),
    )
    .slice(0, limit);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
