import { useVirtualizer } from "@tanstack/react-virtual";
import { Plus, Search } from "lucide-react";
import { type ReactNode, type RefObject, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Avatar } from "../../components/Avatar";
import { Button } from "../../components/Button";
import { Empty, Problem, ProblemPage, Skeleton } from "../../components/States";
import { type ConversationSummary, type SearchHit, useConversations, useSearch } from "../../data/client";
import { number } from "../../data/number";
import { brief } from "../../data/time";
import styles from "./ConversationList.module.css";

interface Props {
  search: RefObject<HTMLInputElement | null>;
  chosen: string | null;
  onChoose: (id: string) => void;
  onNew: () => void;
}

/** The height of a row in pixels where the text has its usual size. */
const ROW = 54;

/** What a row shows, a conversation or something found. */
interface Row {
  key: string;
  id: string;
  title: string;
  preview: ReactNode;
  at: string;
  unread: number;
}

/** Search first, then the conversations, the one with the newest word on top. */
export function ConversationList({ search, chosen, onChoose, onNew }: Props): ReactNode {
  const { t } = useTranslation();
  const conversations = useConversations();
  const [query, setQuery] = useState("");
  const [onlyUnread, setOnlyUnread] = useState(false);
  const found = useSearch(query);
  const preview = usePreview();
  const searching = query.trim() !== "";
  const shown = (conversations.data ?? []).filter((each) => !onlyUnread || each.unread > 0);
  const rows = searching
    ? (found.data ?? []).map((hit) => hitRow(hit))
    : shown.map((each) => conversationRow(each, preview));
  return (
    <section className={styles["pane"]} aria-label={t("list.label")}>
      <h1 className="visually-hidden">{t("list.label")}</h1>
      <div className={styles["top"]}>
        <SearchField input={search} query={query} onQuery={setQuery} />
        <Button kind="icon" testId="conversation-new" aria-label={t("list.new")} onPress={onNew}>
          <Plus size="1.25rem" strokeWidth={1.75} aria-hidden />
        </Button>
      </div>
      <div className={styles["filters"]}>
        {([false, true] as const).map((unread) => (
          <button
            key={String(unread)}
            type="button"
            className={styles["filter"]}
            aria-pressed={onlyUnread === unread}
            onClick={() => {
              setOnlyUnread(unread);
            }}
          >
            {t(unread ? "list.unread" : "list.all")}
          </button>
        ))}
      </div>
      {conversations.isPending ? (
        <Skeleton shape="rows" lines={9} />
      ) : conversations.isError ? (
        <ProblemPage>
          <Problem error={conversations.error} onRetry={() => void conversations.refetch()} />
        </ProblemPage>
      ) : searching && found.error?.code === "nothing_to_find" ? (
        <Empty title={t("list.nothingToFind")} />
      ) : searching && found.isError ? (
        <ProblemPage>
          <Problem error={found.error} onRetry={() => void found.refetch()} />
        </ProblemPage>
      ) : rows.length > 0 ? (
        <Rows rows={rows} chosen={chosen} onChoose={onChoose} />
      ) : searching ? (
        <Empty title={t("list.noHits")} />
      ) : onlyUnread ? (
        <Empty title={t("list.noUnread")} />
      ) : (
        <Empty
          title={t("list.empty")}
          lead={t("list.emptyLead")}
          action={
            <Button kind="primary" onPress={onNew}>
              {t("list.new")}
            </Button>
          }
        />
      )}
    </section>
  );
}

interface SearchProps {
  input: RefObject<HTMLInputElement | null>;
  query: string;
  onQuery: (query: string) => void;
}

function SearchField({ input, query, onQuery }: SearchProps): ReactNode {
  const { t } = useTranslation();
  return (
    <div className={styles["search"]}>
      <Search size="1rem" aria-hidden />
      <input
        ref={input}
        type="search"
        className={styles["input"]}
        data-testid="search"
        placeholder={t("list.search")}
        aria-label={t("list.search")}
        value={query}
        onChange={(event) => {
          onQuery(event.target.value);
        }}
        onKeyDown={(event) => {
          if (event.key === "Escape") onQuery("");
        }}
      />
      {query === "" ? <kbd className={styles["key"]}>Ctrl K</kbd> : null}
    </div>
  );
}

function Rows({
  rows,
  chosen,
  onChoose,
}: {
  rows: Row[];
  chosen: string | null;
  onChoose: (id: string) => void;
}): ReactNode {
  const scroller = useRef<HTMLDivElement>(null);
  const [height] = useState(() => ROW * textScale());
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 8,
    initialRect: { width: 312, height: 700 },
  });
  const { t, i18n } = useTranslation();
  const move = (event: React.KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const buttons = [...(scroller.current?.querySelectorAll<HTMLButtonElement>("button") ?? [])];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    buttons[at + step]?.focus();
  };
  return (
    <div ref={scroller} className={styles["list"]} onKeyDown={move}>
      <ul className={styles["items"]} style={{ blockSize: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, start, key }) => {
          const row = rows[index];
          if (!row) return null;
          return (
            <li key={key} className={styles["place"]} style={{ insetBlockStart: start, blockSize: height }}>
              <button
                type="button"
                className={styles["item"]}
                data-testid="conversation-item"
                aria-current={row.id === chosen}
                tabIndex={row.id === chosen || (index === 0 && !rows.some((each) => each.id === chosen)) ? 0 : -1}
                onClick={() => {
                  onChoose(row.id);
                }}
              >
                <Avatar name={row.title} />
                <span className={styles["text"]}>
                  <span className={styles["title"]} dir="auto">
                    {row.title}
                  </span>
                  <span className={styles["preview"]} dir="auto">
                    {row.preview}
                  </span>
                </span>
                <span className={styles["side"]}>
                  <time dateTime={row.at}>{brief(row.at, new Date(), i18n.language)}</time>
                  {row.unread > 0 ? (
                    <span
                      className={styles["badge"]}
                      aria-label={t("list.unreadCount", { count: row.unread })}
                      role="img"
                    >
                      {number(row.unread, i18n.language)}
                    </span>
                  ) : null}
                </span>
              </button>
            </li>
          );
        })}
      </ul>
    </div>
  );
}

/** How much larger than usual the text is: rows grow with it. */
function textScale(): number {
  return (parseFloat(getComputedStyle(document.documentElement).fontSize) || 16) / 16;
}

function usePreview(): (conversation: ConversationSummary) => string {
  const { t } = useTranslation();
  return ({ last }) => {
    if (!last) return "";
    const text = last.call ? t(last.call === "video" ? "call.video" : "call.audio") : last.preview;
    // What can't be read here has no words; the thread says why.
    if (text === "") return last.mine ? "" : last.from;
    return last.mine ? t("list.you", { text }) : `${last.from}: ${text}`;
  };
}

function conversationRow(
  conversation: ConversationSummary,
  preview: (conversation: ConversationSummary) => string,
): Row {
  return {
    key: conversation.id,
    id: conversation.id,
    title: conversation.title || "…",
    preview: preview(conversation),
    at: conversation.last?.sent_at ?? conversation.updated_at,
    unread: conversation.unread,
  };
}

function hitRow(hit: SearchHit): Row {
  const parts = hit.snippet.split(/\u0001([^\u0002]*)\u0002/);
  return {
    key: hit.message.id,
    id: hit.message.conversation,
    title: hit.conversation_title || "…",
    preview: parts.map((part, index) => (index % 2 ? <mark key={index}>{part}</mark> : part)),
    at: hit.message.sent_at,
    unread: 0,
  };
}
