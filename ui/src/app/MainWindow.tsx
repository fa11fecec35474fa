import { Files as FilesIcon, MessageSquare, Settings as SettingsIcon, Users, Video } from "lucide-react";
import { lazy, type ReactNode, type RefObject, Suspense, useEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { useTranslation } from "react-i18next";
import { Avatar } from "../components/Avatar";
import { Button } from "../components/Button";
import { Mark } from "../components/Mark";
import { useCallHistory } from "../data/calls";
import { type ConnectionName, type Profile, useConnection, useConversations } from "../data/client";
import { AlarmBanner } from "../features/alarms/AlarmBanner";
import { ConversationList } from "../features/conversations/ConversationList";
import { NewConversation } from "../features/conversations/NewConversation";
import { Skeleton } from "../components/States";
import { ConversationView } from "./ConversationView";
import styles from "./MainWindow.module.css";

// What most visits don't open is read when it is first opened.
const Calls = lazy(async () => ({ default: (await import("../features/call/Calls")).Calls }));
const Files = lazy(async () => ({ default: (await import("../features/files/Files")).Files }));
const People = lazy(async () => ({ default: (await import("../features/people/People")).People }));
const Settings = lazy(async () => ({ default: (await import("../features/settings/Settings")).Settings }));
const RecoveryReminder = lazy(async () => ({
  default: (await import("../features/firstRun/RecoveryReminder")).RecoveryReminder,
}));

type View = "conversations" | "calls" | "files" | "people" | "settings";

export function MainWindow({
  profile,
  recoveryConfirmed,
}: {
  profile: Profile;
  recoveryConfirmed: boolean;
}): ReactNode {
  const [view, setView] = useState<View>("conversations");
  const [chosen, setChosen] = useState<string | null>(null);
  const [beginning, setBeginning] = useState(false);
  const search = useRef<HTMLInputElement>(null);
  useSearchKey(search, () => {
    setView("conversations");
  });
  return (
    <div className={styles["window"]}>
      <Banners recoveryConfirmed={recoveryConfirmed} />
      <div className={styles["body"]}>
        <Rail view={view} handle={profile.handle} onView={setView} />
        <main className={styles["view"]}>
          {view !== "conversations" ? (
            <Suspense fallback={<Skeleton shape="rows" />}>
              {view === "calls" ? (
                <Calls
                  onConversation={(id) => {
                    setChosen(id);
                    setView("conversations");
                  }}
                />
              ) : null}
              {view === "files" ? <Files /> : null}
              {view === "people" ? <People myRole={profile.role} /> : null}
              {view === "settings" ? <Settings profile={profile} /> : null}
            </Suspense>
          ) : (
            <div className={styles["conversations"]}>
              <ConversationList
                search={search}
                chosen={chosen}
                onChoose={setChosen}
                onNew={() => {
                  setBeginning(true);
                }}
              />
              <ConversationView id={chosen} userId={profile.user} />
            </div>
          )}
        </main>
      </div>
      {beginning ? (
        <NewConversation
          onClose={() => {
            setBeginning(false);
          }}
          onBegun={(id) => {
            setBeginning(false);
            setChosen(id);
          }}
        />
      ) : null}
    </div>
  );
}

/** Ctrl K brings the list into sight and the hand to its search, from wherever it is, except out of a question. */
function useSearchKey(search: RefObject<HTMLInputElement | null>, bringIntoSight: () => void): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.key.toLowerCase() !== "k") return;
      event.preventDefault();
      if (document.querySelector('[role="dialog"], [role="alertdialog"], [role="menu"], [role="listbox"]')) return;
      flushSync(bringIntoSight);
      search.current?.focus();
      search.current?.select();
    };
    window.addEventListener("keydown", onKeyDown, { capture: true });
    return () => {
      window.removeEventListener("keydown", onKeyDown, { capture: true });
    };
  });
}

function Rail({ view, handle, onView }: { view: View; handle: string; onView: (view: View) => void }): ReactNode {
  const { t } = useTranslation();
  const unread = useConversations().data?.some((conversation) => conversation.unread > 0) ?? false;
  const missed = useMissed(view === "calls");
  const connection = useConnection().data;
  const badges: Partial<Record<View, string | null>> = {
    conversations: unread ? "" : null,
    calls: missed > 0 ? t("calls.missedCount", { count: missed }) : null,
  };
  const entries = [
    { id: "conversations", icon: MessageSquare },
    { id: "calls", icon: Video },
    { id: "files", icon: FilesIcon },
    { id: "people", icon: Users },
    { id: "settings", icon: SettingsIcon },
  ] as const;
  return (
    <nav className={styles["rail"]} aria-label={t("nav.label")}>
      <span className={styles["mark"]}>
        <Mark />
      </span>
      {entries.map(({ id, icon: Icon }) => (
        <button
          key={id}
          type="button"
          className={styles["entry"]}
          data-testid={`nav-${id}`}
          aria-label={badges[id as View] ? `${t(`nav.${id}`)}, ${badges[id as View] ?? ""}` : t(`nav.${id}`)}
          aria-current={view === id ? "page" : undefined}
          title={t(`nav.${id}`)}
          onClick={() => {
            onView(id);
          }}
        >
          <Icon size="1.25rem" strokeWidth={1.75} aria-hidden />
          {typeof badges[id as View] === "string" ? <span className={styles["badge"]} /> : null}
        </button>
      ))}
      <span className={styles["foot"]}>
        {connection ? (
          <span
            role="img"
            className={styles["connection"]}
            data-state={connection.state}
            aria-label={t(`connection.${connection.state}`)}
            title={connection.detail ?? t(`connection.${connection.state}`)}
          />
        ) : null}
        <Avatar name={handle} />
      </span>
    </nav>
  );
}

const SEEN = "bezel.calls.seen";

/** How many calls were missed since one last looked at them. */
function useMissed(isLooking: boolean): number {
  const calls = useCallHistory().data;
  const [seen, setSeen] = useState(() => localStorage.getItem(SEEN) ?? "");
  const newest = calls?.[0]?.started_at ?? "";
  if (isLooking && newest > seen) setSeen(newest);
  useEffect(() => {
    localStorage.setItem(SEEN, seen);
  }, [seen]);
  return (calls ?? []).filter((call) => call.outcome === "missed" && !call.mine && call.started_at > seen).length;
}

/** What keeps messages from coming and going. */
const STOPS: ReadonlySet<ConnectionName> = new Set(["offline", "disk_full", "disk_failed"]);

function Banners({ recoveryConfirmed }: { recoveryConfirmed: boolean }): ReactNode {
  const { t } = useTranslation();
  const connection = useConnection().data;
  const [checking, setChecking] = useState(false);
  return (
    <div aria-live="polite">
      <AlarmBanner />
      {connection && STOPS.has(connection.state) ? (
        <div className={[styles["banner"], styles["offline"]].join(" ")} data-testid="connection-banner">
          <span>
            {connection.state === "offline" && connection.detail
              ? connection.detail
              : t(`connection.${connection.state}Lead`)}
          </span>
          {connection.queued > 0 ? <span>{t("connection.queued", { count: connection.queued })}</span> : null}
        </div>
      ) : null}
      {recoveryConfirmed ? null : (
        <div className={styles["banner"]}>
          {t("recovery.reminder")}
          <Button
            kind="quiet"
            onPress={() => {
              setChecking(true);
            }}
          >
            {t("recovery.reminderAction")}
          </Button>
        </div>
      )}
      {checking ? (
        <Suspense>
          <RecoveryReminder
            onClose={() => {
              setChecking(false);
            }}
          />
        </Suspense>
      ) : null}
    </div>
  );
}
