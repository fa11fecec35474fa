import { type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Empty, Opening, Problem, ProblemPage } from "../../components/States";
import { useCall, useSamples } from "../../data/calls";
import { type CallView, useAction, useConversation, useHost } from "../../data/client";
import { Bar } from "./Bar";
import styles from "./Call.module.css";
import { CallPeople } from "./CallPeople";
import { Controls } from "./Controls";
import { Ended } from "./Ended";
import { GearProblem } from "./GearProblem";
import { Guests } from "./Guests";
import { Head } from "./Head";
import { PicturesProvider } from "./PicturesProvider";
import { ScreenPicker } from "./ScreenPicker";
import { type Layout, Stage } from "./Stage";
import { Standing } from "./Standing";
import { Statistics } from "./Statistics";
import { useCallKeys } from "./useCallKeys";

/** The window of the call: whoever is in it, and what one can do. */
export function CallWindow(): ReactNode {
  const { t } = useTranslation();
  const host = useHost();
  const call = useCall();
  if (call.isPending) return <Opening />;
  if (call.isError) {
    return (
      <ProblemPage>
        <Problem error={call.error} onRetry={() => void call.refetch()} />
      </ProblemPage>
    );
  }
  if (!call.data) {
    return (
      <main className={styles["window"]}>
        <Empty
          title={t("call.none")}
          lead={t("call.noneLead")}
          action={
            <Button
              onPress={() => {
                host.closeWindow();
              }}
            >
              {t("call.ended.close")}
            </Button>
          }
        />
      </main>
    );
  }
  if (call.data.phase === "ended") return <Ended key={call.data.call} call={call.data} />;
  return (
    <PicturesProvider key={call.data.call}>
      <Room call={call.data} />
    </PicturesProvider>
  );
}

export type Panel = "people" | "statistics";

function Room({ call }: { call: CallView }): ReactNode {
  const { t } = useTranslation();
  const [layout, setLayout] = useState<Layout>("grid");
  const [panel, setPanel] = useState<Panel | null>(null);
  const [picks, setPicks] = useState(false);
  const samples = useSamples(call.live_since !== null);
  const title = useConversation(call.conversation).data?.title ?? "";
  const media = useAction((commands, request: { microphone: boolean; camera: boolean }) =>
    commands.call_set_media({ request }),
  );
  const unshare = useAction<null>((commands) => commands.call_set_screen({ screen: null }));
  const leave = useAction<null>((commands) => commands.call_leave());
  useEffect(() => {
    document.title = title ? `${title} · Bezel` : "Bezel";
  }, [title]);
  const toggle = (which: Panel): void => {
    setPanel((now) => (now === which ? null : which));
  };
  const actions = {
    microphone: () => {
      media.mutate({ microphone: !call.microphone, camera: call.camera });
    },
    camera: () => {
      media.mutate({ microphone: call.microphone, camera: !call.camera });
    },
    share: () => {
      if (call.screen) unshare.mutate(null);
      else setPicks(true);
    },
    people: () => {
      toggle("people");
    },
    statistics: () => {
      toggle("statistics");
    },
    layout: () => {
      setLayout((now) => (now === "grid" ? "speaker" : "grid"));
    },
    leave: () => {
      leave.mutate(null);
    },
    close: () => {
      setPanel(null);
    },
  };
  useCallKeys(actions);
  const stats = samples.at(-1)?.stats ?? null;
  return (
    <main
      className={styles["window"]}
      data-testid="call-window"
      data-phase={call.phase}
      aria-label={t("call.window", { title })}
    >
      <Head call={call} title={title} layout={layout} onLayout={actions.layout} />
      <div aria-live="polite" className={styles["notices"]}>
        <Guests call={call} />
        <GearProblem
          call={call}
          level={call.microphone ? (stats?.level ?? 0) : 0}
          onShare={() => {
            setPicks(true);
          }}
        />
        {call.screen ? (
          <Bar tone="note" testId="call-sharing" action={t("call.control.shareStop")} onAction={actions.share}>
            {t("call.share.now")}
          </Bar>
        ) : null}
        <Problem error={media.error ?? unshare.error ?? leave.error} />
      </div>
      <div className={styles["body"]} data-panel={panel !== null}>
        <div className={styles["place"]}>
          <Stage call={call} layout={layout} stats={stats} title={title} />
          <Standing call={call} />
        </div>
        {panel === "people" ? <CallPeople call={call} onClose={actions.close} /> : null}
        {panel === "statistics" ? <Statistics call={call} samples={samples} onClose={actions.close} /> : null}
      </div>
      <Controls call={call} panel={panel} level={stats?.level ?? 0} actions={actions} />
      {picks ? (
        <ScreenPicker
          onClose={() => {
            setPicks(false);
          }}
        />
      ) : null}
    </main>
  );
}
