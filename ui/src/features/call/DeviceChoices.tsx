import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Switch } from "react-aria-components";
import { Choice } from "../../components/Choice";
import { Problem } from "../../components/States";
import { type Choices, storeChoices, storedChoices } from "../../data/callOptions";
import { useDevices } from "../../data/calls";
import { type DeviceInfo, type Processing, type Source, useAction } from "../../data/client";
import styles from "./Controls.module.css";

interface Props {
  /** Whether the call that goes on takes it at once. */
  inCall?: boolean;
  onChoose?: (source: Source) => void;
}

const SYSTEM = "system";
const SYNTHETIC = "synthetic";

const valueOf = (source: Source): string =>
  source.kind === "device" ? `id:${source.id}` : source.kind === "synthetic" ? SYNTHETIC : SYSTEM;

function sourceOf(value: string): Source {
  if (value === SYSTEM) return { kind: "default" };
  return value === SYNTHETIC ? { kind: "synthetic" } : { kind: "device", id: value.slice(3) };
}

type Kind = "camera" | "microphone" | "speaker";

function Device({
  kind,
  devices,
  synthetic,
  inCall,
  onChoose,
}: Props & { kind: Kind; devices: DeviceInfo[] | undefined; synthetic: string }): ReactNode {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState<Source>(() => storedChoices()[kind]);
  const take = useAction((commands, source: Source) => {
    if (kind === "camera") return commands.call_set_camera({ source });
    return kind === "microphone" ? commands.call_set_microphone({ source }) : commands.call_set_speaker({ source });
  });
  const found = devices ?? [];
  const usual = found.find((each) => each.is_default)?.name;
  const value = valueOf(chosen);
  const isGone = chosen.kind === "device" && devices !== undefined && !devices.some(({ id }) => id === chosen.id);
  const options = [
    { value: SYSTEM, label: usual ? `${t("call.device.system")} (${usual})` : t("call.device.system") },
    ...found.map(({ id, name }) => ({ value: `id:${id}`, label: name })),
    ...(isGone ? [{ value, label: t("call.device.gone") }] : []),
    { value: SYNTHETIC, label: synthetic },
  ];
  return (
    <>
      <Choice
        label={t(`call.device.${kind}`)}
        testId={`call-choose-${kind}`}
        value={value}
        options={options}
        onChange={(next) => {
          const source = sourceOf(next);
          setChosen(source);
          storeChoices({ [kind]: source } as Partial<Choices>);
          if (inCall) take.mutate(source);
          onChoose?.(source);
        }}
      />
      <Problem error={take.error} />
    </>
  );
}

export function CameraChoice(props: Props): ReactNode {
  const { t } = useTranslation();
  return <Device kind="camera" devices={useDevices().data?.cameras} synthetic={t("call.device.pattern")} {...props} />;
}

export function MicrophoneChoice(props: Props): ReactNode {
  const { t } = useTranslation();
  const devices = useDevices().data?.microphones;
  return <Device kind="microphone" devices={devices} synthetic={t("call.device.tone")} {...props} />;
}

export function SpeakerChoice(props: Props): ReactNode {
  const { t } = useTranslation();
  const devices = useDevices().data?.speakers;
  return <Device kind="speaker" devices={devices} synthetic={t("call.device.silence")} {...props} />;
}

const SWITCHES = ["echo", "noise", "gain"] as const;

/** What is done to the sound of the microphone. */
export function SoundSwitches({ inCall }: { inCall?: boolean }): ReactNode {
  const { t } = useTranslation();
  const [processing, setProcessing] = useState<Processing>(() => storedChoices().processing);
  const take = useAction((commands, next: Processing) => commands.call_set_processing({ processing: next }));
  return (
    <>
      {SWITCHES.map((name) => (
        <Switch
          key={name}
          className={styles["switch"] ?? ""}
          data-testid={`call-sound-${name}`}
          isSelected={processing[name]}
          onChange={(isOn) => {
            const next = { ...processing, [name]: isOn };
            setProcessing(next);
            storeChoices({ processing: next });
            if (inCall) take.mutate(next);
          }}
        >
          {t(`call.sound.${name}`)}
          <span className={styles["track"]} />
        </Switch>
      ))}
      <Problem error={take.error} />
    </>
  );
}
