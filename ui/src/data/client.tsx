import { type QueryClient, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect } from "react";
import type { Commands } from "../bindings/commands";
import type { AppError, MessagePage } from "../bindings/types";
import type { Host } from "../host/host";

export type * from "../bindings/types";

const HostContext = createContext<Host | null>(null);

export function useHost(): Host {
  const host = useContext(HostContext);
  if (!host) throw new Error("the interface stands outside of a host");
  return host;
}

/** The topic by which each reading is refreshed; what a topic means is said by the core. */
export const keys = {
  appState: ["app_state"],
  conversations: ["conversations"],
  conversation: (id: string) => ["conversation", id],
  status: (id: string) => ["status", id],
  messages: (id: string) => ["messages", id],
  people: ["people"],
  keyStatus: ["keys"],
  connection: ["connection"],
  alarm: ["alarm"],
  search: (query: string) => ["search", query],
  settings: ["settings"],
  debug: ["debug"],
  files: ["files"],
  transfers: ["transfers"],
  call: ["call"],
  calls: ["calls"],
  devices: ["devices"],
} as const;

function refresh(client: QueryClient, topic: string): void {
  const [name, id] = topic.split(":") as [string, string | undefined];
  const stale = (key: readonly unknown[]): void => void client.invalidateQueries({ queryKey: key });
  switch (name) {
    case "app_state":
      stale(keys.appState);
      break;
    case "conversations":
      stale(keys.conversations);
      stale(["search"]);
      break;
    case "conversation":
      if (id) {
        stale(keys.conversation(id));
        stale(keys.status(id));
      }
      break;
    case "messages":
      if (id) stale(keys.messages(id));
      break;
    case "files":
      // A message shows the file that it announces.
      stale(keys.files);
      stale(["messages"]);
      break;
    case "calls":
      // A thread shows the calls of its conversation.
      stale(keys.calls);
      stale(["messages"]);
      break;
    case "people":
      stale(keys.people);
      stale(["status"]);
      stale(["conversation"]);
      break;
    default:
      stale([name]);
  }
}

export function HostProvider({ host, children }: { host: Host; children: ReactNode }): ReactNode {
  const client = useQueryClient();
  useEffect(
    () =>
      host.onChanged((topics) => {
        topics.forEach((topic) => {
          refresh(client, topic);
        });
      }),
    [host, client],
  );
  return <HostContext value={host}>{children}</HostContext>;
}

export function useCommand<T>(key: readonly unknown[], ask: (commands: Commands) => Promise<T>, enabled = true) {
  const { commands } = useHost();
  return useQuery<T, AppError>({ queryKey: key, queryFn: () => ask(commands), enabled });
}

export const useAppState = () => useCommand(keys.appState, (commands) => commands.app_state());
export const useConversations = () => useCommand(keys.conversations, (commands) => commands.conversation_list());
export const useConversation = (id: string) =>
  useCommand(keys.conversation(id), (commands) => commands.conversation_show({ conversation: id }));
export const useEncryptionStatus = (id: string) =>
  useCommand(keys.status(id), (commands) => commands.encryption_status({ conversation: id }));
export const usePeople = () => useCommand(keys.people, (commands) => commands.people_list());
export const useKeysStatus = () => useCommand(keys.keyStatus, (commands) => commands.keys_status());
export const useConnection = () => useCommand(keys.connection, (commands) => commands.connection());
export const useAlarms = () => useCommand(keys.alarm, (commands) => commands.alarm_list());
export const useSettings = () => useCommand(keys.settings, (commands) => commands.settings());
export const useDebugInfo = () => useCommand(keys.debug, (commands) => commands.debug_info());
export const useSearch = (query: string) =>
  useCommand(
    keys.search(query),
    (commands) => commands.message_search({ request: { query, limit: 50 } }),
    query.trim() !== "",
  );

/** The messages of a conversation, a page at a time towards the past. */
export function useMessages(id: string) {
  const { commands } = useHost();
  return useInfiniteQuery<MessagePage, AppError, MessagePage[], readonly unknown[], string | null>({
    queryKey: keys.messages(id),
    queryFn: ({ pageParam }) => commands.message_list({ request: { conversation: id, before: pageParam, limit: 100 } }),
    initialPageParam: null,
    getNextPageParam: (page) => page.earlier,
    select: (data) => [...data.pages].reverse(),
  });
}

/** Something that a person does: the core tells by its topics what changed. */
export function useAction<A, T = unknown>(act: (commands: Commands, argument: A) => Promise<T>) {
  const { commands } = useHost();
  return useMutation<T, AppError, A>({ mutationFn: (argument) => act(commands, argument) });
}
