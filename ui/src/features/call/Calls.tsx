import { Phone, Video } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Segments } from "../../components/Segments";
import { Empty, Problem, Skeleton } from "../../components/States";
import { useCallHistory } from "../../data/calls";
import { type CallSummary, useConversations } from "../../data/client";
import { brief } from "../../data/time";
import { BeforeCall } from "./BeforeCall";
import styles from "./Calls.module.css";
import { OpenLinks } from "./OpenLinks";
import { CallIcon, useOutcome } from "./outcome";
import { gradeOf, useQualityWords } from "./quality";
import { QualityMark } from "./QualityMark";

const FILTERS = ["all", "missed", "guests"] as const;
type Filter = (typeof FILTERS)[number];
/** Beside the calls, the links by which clients may still come into one. */
const VIEWS = [...FILTERS, "links"] as const;

const passes: Record<Filter, (call: CallSummary) => boolean> = {
  all: () => true,
  missed: (call) => call.outcome === "missed" && !call.mine,
  guests: (call) => call.has_guest,
};

/** Calls that were: with whom, what came of them, and how they were. */
export function Calls({ onConversation }: { onConversation: (id: string) => void }): ReactNode {
  const { t } = useTranslation();
  const [view, setView] = useState<(typeof VIEWS)[number]>("all");
  const [back, setBack] = useState<CallSummary | null>(null);
  const conversations = useConversations().data ?? [];
  const titleOf = (id: string): string => conversations.find((each) => each.id === id)?.title ?? "";
  return (
    <section className={styles["page"]} aria-label={t("calls.title")}>
      <div className={styles["column"]}>
        <header className={styles["head"]}>
          <h1 className={styles["title"]}>{t("calls.title")}</h1>
          <Segments
            label={t("calls.filter")}
            value={view}
            options={VIEWS.map((value) => ({ value, label: t(`calls.${value}`), testId: `calls-${value}` }))}
            onChange={setView}
          />
        </header>
        {view === "links" ? (
          <OpenLinks />
        ) : (
          <History filter={view} titleOf={titleOf} onConversation={onConversation} onBack={setBack} />
        )}
      </div>
      {back ? (
        <BeforeCall
          conversation={back.conversation}
          title={titleOf(back.conversation)}
          media={back.media}
          onClose={() => {
            setBack(null);
          }}
        />
      ) : null}
    </section>
  );
}

interface HistoryProps {
  filter: Filter;
  titleOf: (conversation: string) => string;
  onConversation: (id: string) => void;
  onBack: (call: CallSummary) => void;
}

function History({ filter, titleOf, onConversation, onBack }: HistoryProps): ReactNode {
  const { t } = useTranslation();
  const calls = useCallHistory();
  const shown = (calls.data ?? []).filter(passes[filter]);
  return (
    <>
      {calls.isPending ? <Skeleton shape="rows" /> : null}
      {calls.isError ? <Problem error={calls.error} onRetry={() => void calls.refetch()} /> : null}
      {calls.isSuccess && shown.length === 0 ? (
        <Empty
          title={t(filter === "all" ? "calls.empty" : "calls.noHits")}
          {...(filter === "all" ? { lead: t("calls.emptyLead") } : {})}
        />
      ) : null}
      {shown.length > 0 ? (
        <ul className={styles["list"]}>
          {shown.map((call) => (
            <Line
              key={call.call}
              call={call}
              title={titleOf(call.conversation)}
              onConversation={onConversation}
              onBack={onBack}
            />
          ))}
        </ul>
      ) : null}
    </>
  );
}

interface LineProps {
  call: CallSummary;
  title: string;
  onConversation: (id: string) => void;
  onBack: (call: CallSummary) => void;
}

function Line({ call, title, onConversation, onBack }: LineProps): ReactNode {
  const { t, i18n } = useTranslation();
  const outcome = useOutcome(call);
  const words = useQualityWords();
  const Media = call.media === "video" ? Video : Phone;
  return (
    <li className={styles["line"]} data-testid="call-line" data-outcome={call.outcome ?? "going"}>
      <CallIcon call={call} />
      <span className={styles["facts"]}>
        <button
          type="button"
          className={styles["open"]}
          title={t("calls.conversation")}
          onClick={() => {
            onConversation(call.conversation);
          }}
        >
          <bdi>{title || t("list.untitled")}</bdi>
        </button>
        <span className={styles["second"]}>
          {call.mine ? t("calls.outgoing") : t("calls.incoming", { from: call.from })}
          {call.has_guest ? ` · ${t("calls.withGuest")}` : ""}
        </span>
      </span>
      <span className={styles["how"]}>
        <span data-missed={outcome.isMissed}>{outcome.words}</span>
        {call.quality ? (
          <span className={styles["second"]} data-testid="call-quality">
            <QualityMark grade={gradeOf(call.quality)} /> {words.facts(call)}
          </span>
        ) : null}
      </span>
      <time className={styles["when"]} dateTime={call.started_at}>
        {brief(call.started_at, new Date(), i18n.language)}
      </time>
      <Button
        kind="icon"
        testId="call-back"
        aria-label={`${t(call.mine ? "calls.again" : "calls.back")}: ${title}`}
        onPress={() => {
          onBack(call);
        }}
      >
        <Media size="1.125rem" strokeWidth={1.75} aria-hidden />
      </Button>
    </li>
  );
}
