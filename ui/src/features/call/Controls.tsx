import {
  AudioLines,
  ChartNoAxesColumn,
  ChevronUp,
  Mic,
  MicOff,
  MonitorUp,
  MonitorX,
  PhoneOff,
  Users,
  Video,
  VideoOff,
} from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { DialogTrigger, Popover, Dialog as PopoverDialog } from "react-aria-components";
import type { CallView } from "../../data/client";
import type { Panel } from "./CallWindow";
import { ControlButton } from "./ControlButton";
import styles from "./Controls.module.css";
import { CameraChoice, MicrophoneChoice, SoundSwitches, SpeakerChoice } from "./DeviceChoices";
import { Level } from "./Level";
import { type CallActions, KEYS } from "./useCallKeys";

interface Props {
  call: CallView;
  panel: Panel | null;
  /** How loud the microphone is, 0 to 1. */
  level: number;
  actions: CallActions;
}

const ICON = "1.25rem";

/** The bar below the pictures. */
export function Controls({ call, panel, level, actions }: Props): ReactNode {
  const { t } = useTranslation();
  return (
    <div className={styles["controls"]} role="toolbar" aria-label={t("call.control.label")}>
      <span className={styles["pair"]}>
        <ControlButton
          label={t(call.microphone ? "call.control.mute" : "call.control.unmute")}
          shortcut={KEYS.microphone}
          testId="call-microphone"
          isOff={!call.microphone}
          onPress={actions.microphone}
        >
          {call.microphone ? <Mic size={ICON} aria-hidden /> : <MicOff size={ICON} aria-hidden />}
        </ControlButton>
        <Opens label={t("call.control.microphoneMenu")} testId="call-microphone-menu" arrow>
          <MicrophoneChoice inCall />
          <Level value={call.microphone ? level : 0} />
          <SpeakerChoice inCall />
        </Opens>
      </span>
      <span className={styles["pair"]}>
        <ControlButton
          label={t(call.camera ? "call.control.cameraOff" : "call.control.cameraOn")}
          shortcut={KEYS.camera}
          testId="call-camera"
          isOff={!call.camera}
          onPress={actions.camera}
        >
          {call.camera ? <Video size={ICON} aria-hidden /> : <VideoOff size={ICON} aria-hidden />}
        </ControlButton>
        <Opens label={t("call.control.cameraMenu")} testId="call-camera-menu" arrow>
          <CameraChoice inCall />
        </Opens>
      </span>
      <ControlButton
        label={t(call.screen ? "call.control.shareStop" : "call.control.share")}
        shortcut={KEYS.share}
        testId="call-share"
        isOn={call.screen}
        onPress={actions.share}
      >
        {call.screen ? <MonitorX size={ICON} aria-hidden /> : <MonitorUp size={ICON} aria-hidden />}
      </ControlButton>
      <Opens label={t("call.control.sound")} testId="call-sound" icon={<AudioLines size={ICON} aria-hidden />}>
        <SoundSwitches inCall />
      </Opens>
      <ControlButton
        label={t("call.control.people")}
        shortcut={KEYS.people}
        testId="call-people"
        isOn={panel === "people"}
        onPress={actions.people}
      >
        <Users size={ICON} aria-hidden />
        {call.guests_waiting.length > 0 ? <span className={styles["dot"]} /> : null}
      </ControlButton>
      <ControlButton
        label={t("call.control.statistics")}
        shortcut={KEYS.statistics}
        testId="call-statistics"
        isOn={panel === "statistics"}
        onPress={actions.statistics}
      >
        <ChartNoAxesColumn size={ICON} aria-hidden />
      </ControlButton>
      <ControlButton
        label={t("call.control.leave")}
        shortcut={KEYS.leave}
        testId="call-leave"
        danger
        onPress={actions.leave}
      >
        <PhoneOff size={ICON} aria-hidden />
      </ControlButton>
    </div>
  );
}

interface OpensProps {
  label: string;
  testId: string;
  arrow?: boolean;
  icon?: ReactNode;
  children: ReactNode;
}

/** A control that opens a few choices above it. */
function Opens({ label, testId, arrow, icon, children }: OpensProps): ReactNode {
  return (
    <DialogTrigger>
      {arrow ? (
        <span className={styles["arrow"]}>
          <ControlButton label={label} testId={testId}>
            <ChevronUp size="0.875rem" aria-hidden />
          </ControlButton>
        </span>
      ) : (
        <ControlButton label={label} testId={testId}>
          {icon}
        </ControlButton>
      )}
      <Popover className={styles["popover"] ?? ""} placement="top">
        <PopoverDialog className={styles["choices"] ?? ""} aria-label={label}>
          {children}
        </PopoverDialog>
      </Popover>
    </DialogTrigger>
  );
}
