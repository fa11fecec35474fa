import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import type { CallView } from "../../data/client";
import { Bar } from "./Bar";
import { CameraChoice, MicrophoneChoice, SpeakerChoice } from "./DeviceChoices";
import { Level } from "./Level";

interface Props {
  call: CallView;
  /** How loud the microphone is, 0 to 1. */
  level: number;
  onShare: () => void;
}

/** A device without which the call goes on, and the way to another one. */
export function GearProblem({ call: { problem }, level, onShare }: Props): ReactNode {
  const { t } = useTranslation();
  const [chooses, setChooses] = useState(false);
  const [hidden, setHidden] = useState<string | null>(null);
  if (!problem && hidden !== null) setHidden(null);
  const close = (): void => {
    setChooses(false);
  };
  return (
    <>
      {problem && problem.message !== hidden ? (
        <Bar
          tone="danger"
          testId="call-problem"
          action={t(problem.gear === "screen" ? "call.share.other" : "call.device.choose")}
          onAction={() => {
            if (problem.gear === "screen") onShare();
            else setChooses(true);
          }}
          onClose={() => {
            setHidden(problem.message);
          }}
        >
          {problem.message}
        </Bar>
      ) : null}
      {chooses ? (
        <Dialog
          title={t("call.device.title")}
          lead={t("call.device.lead")}
          onClose={close}
          actions={
            <Button kind="primary" testId="dialog-close" onPress={close}>
              {t("app.close")}
            </Button>
          }
        >
          <CameraChoice inCall />
          <MicrophoneChoice inCall />
          <Level value={level} />
          <SpeakerChoice inCall />
        </Dialog>
      ) : null}
    </>
  );
}
