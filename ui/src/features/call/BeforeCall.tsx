import { VideoOff } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Switch } from "react-aria-components";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { Problem } from "../../components/States";
import { storeChoices, storedChoices, storedOptions } from "../../data/callOptions";
import { isRunning, useCall } from "../../data/calls";
import { type CallMedia, type Source, useAction, useHost } from "../../data/client";
import styles from "./BeforeCall.module.css";
import controls from "./Controls.module.css";
import { CameraChoice, MicrophoneChoice, SpeakerChoice } from "./DeviceChoices";
import { InAnotherCall } from "./InAnotherCall";
import { Level } from "./Level";
import { Picture, PicturesProvider } from "./PicturesProvider";

interface Props {
  conversation: string;
  title: string;
  media: CallMedia;
  /** A call that goes on already, to be joined. */
  call?: string;
  onClose: () => void;
}

/** What the others will see and hear, before they do. */
export function BeforeCall(props: Props): ReactNode {
  const { data: now, isPending } = useCall();
  const [begins, setBegins] = useState(false);
  if (isPending) return null;
  // One's own picture has one place: what is tried out would be seen in the call that goes on.
  if (!begins && now && isRunning(now)) return <InAnotherCall call={now} onClose={props.onClose} />;
  return <Choices {...props} onBegin={setBegins} />;
}

interface ChoicesProps extends Props {
  /** The call is on its way, and runs before it is told that it does; or it is not, for it could not begin. */
  onBegin: (begins: boolean) => void;
}

function Choices({ conversation, title, media, call, onClose, onBegin }: ChoicesProps): ReactNode {
  const { t } = useTranslation();
  const [withCamera, setWithCamera] = useState(media === "video");
  const [sources, setSources] = useState(() => {
    const { camera, microphone } = storedChoices();
    return { camera, microphone };
  });
  const [hides, setHides] = useState(() => storedChoices().hidesAddress);
  const preview = usePreview(withCamera ? sources.camera : null, sources.microphone);
  const start = useAction<null>(async (commands) => {
    // The devices are let go of first: some open only once.
    await commands.call_preview_stop();
    const options = { ...storedOptions(media), is_camera_on: withCamera };
    if (call) await commands.call_answer({ request: { call, options } });
    else await commands.call_start({ request: { conversation, media, options } });
    return null;
  });
  const heading = call ? "call.before.join" : media === "video" ? "call.before.video" : "call.before.audio";
  return (
    <Dialog
      title={t(heading, { title })}
      lead={t(call ? "call.before.joinLead" : "call.before.lead")}
      onClose={onClose}
      actions={
        <>
          <Button testId="dialog-close" onPress={onClose}>
            {t("app.cancel")}
          </Button>
          <Button
            kind="primary"
            testId="call-start"
            autoFocus
            isDisabled={start.isPending}
            onPress={() => {
              onBegin(true);
              start.mutate(null, {
                onSuccess: onClose,
                onError: () => {
                  onBegin(false);
                },
              });
            }}
          >
            {t(call ? "call.before.enter" : "call.before.start")}
          </Button>
        </>
      }
    >
      <div className={styles["picture"]}>
        {withCamera ? (
          <PicturesProvider>
            <Picture
              person={null}
              label={t("call.before.picture")}
              testId="preview-picture"
              className={[styles["canvas"], sources.camera.kind === "synthetic" ? "" : styles["mirror"]].join(" ")}
            />
          </PicturesProvider>
        ) : (
          <span className={styles["off"]}>
            <VideoOff size="1.5rem" aria-hidden />
            {t("call.before.off")}
          </span>
        )}
      </div>
      <Problem error={preview.error} />
      <div className={styles["choices"]}>
        <Switch
          className={controls["switch"] ?? ""}
          data-testid="call-with-camera"
          isSelected={withCamera}
          onChange={setWithCamera}
        >
          {t("call.before.camera")}
          <span className={controls["track"]} />
        </Switch>
        {withCamera ? (
          <CameraChoice
            onChoose={(camera) => {
              setSources((now) => ({ ...now, camera }));
            }}
          />
        ) : null}
        <MicrophoneChoice
          onChoose={(microphone) => {
            setSources((now) => ({ ...now, microphone }));
          }}
        />
        <Level value={preview.level} />
        <SpeakerChoice />
        <Switch
          className={controls["switch"] ?? ""}
          isSelected={hides}
          onChange={(isOn) => {
            setHides(isOn);
            storeChoices({ hidesAddress: isOn });
          }}
        >
          <span className={styles["hides"]}>
            {t("call.before.hides")}
            <span className={styles["second"]}>{t("call.before.hidesLead")}</span>
          </span>
          <span className={controls["track"]} />
        </Switch>
      </div>
      <Problem error={start.error} />
    </Dialog>
  );
}

const LEVEL_MS = 120;

/** Opens the devices as long as somebody looks, and tells how loud it is. */
function usePreview(
  camera: Source | null,
  microphone: Source,
): { level: number; error: ReturnType<typeof useAction>["error"] } {
  const { commands } = useHost();
  const [level, setLevel] = useState(0);
  const { mutate, error } = useAction((all, request: { camera: Source | null; microphone: Source }) =>
    all.call_preview_start({ request }),
  );
  useEffect(() => {
    mutate({ camera, microphone });
  }, [mutate, camera, microphone]);
  useEffect(() => {
    const timer = setInterval(() => {
      commands.call_preview_level().then(setLevel, () => undefined);
    }, LEVEL_MS);
    return () => {
      clearInterval(timer);
      commands.call_preview_stop().catch(() => undefined);
    };
  }, [commands]);
  return { level, error };
}
