import { AppWindow, Monitor } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Radio, RadioGroup } from "react-aria-components";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { Problem, Skeleton } from "../../components/States";
import { useDevices } from "../../data/calls";
import { type DeviceInfo, type Screen, useAction } from "../../data/client";
import styles from "./Call.module.css";

/** Which screen or window is shared. */
export function ScreenPicker({ onClose }: { onClose: () => void }): ReactNode {
  const { t } = useTranslation();
  const devices = useDevices();
  const [chosen, setChosen] = useState<string | null>(null);
  const share = useAction((commands, screen: Screen) => commands.call_set_screen({ screen }));
  const { screens = [], windows = [] } = devices.data ?? {};
  const first = screens[0] ? `screen:${screens[0].id}` : windows[0] ? `window:${windows[0].id}` : null;
  const groups = [
    { kind: "screen" as const, title: t("call.share.screens"), of: screens },
    { kind: "window" as const, title: t("call.share.windows"), of: windows },
  ];
  // A window that was chosen may have closed.
  const isThere = groups.some(({ kind, of }) => of.some(({ id }) => `${kind}:${id}` === chosen));
  const value = isThere ? chosen : first;
  return (
    <Dialog
      title={t("call.share.title")}
      lead={t("call.share.lead")}
      onClose={onClose}
      actions={
        <>
          <Button testId="dialog-close" onPress={onClose}>
            {t("app.cancel")}
          </Button>
          <Button
            kind="primary"
            testId="share-start"
            isDisabled={value === null || share.isPending}
            onPress={() => {
              if (value) share.mutate(screenOf(value), { onSuccess: onClose });
            }}
          >
            {t("call.share.start")}
          </Button>
        </>
      }
    >
      {devices.isPending ? <Skeleton shape="facts" lines={3} /> : null}
      {devices.isSuccess && value === null ? <p className={styles["second"]}>{t("call.share.nothing")}</p> : null}
      {value !== null ? (
        <RadioGroup
          className={styles["screens"] ?? ""}
          aria-label={t("call.share.title")}
          value={value}
          onChange={setChosen}
        >
          {groups.map(({ kind, title, of }) =>
            of.length > 0 ? (
              <div key={kind} className={styles["screenGroup"]}>
                <span className={styles["screenTitle"]}>{title}</span>
                {of.map((each) => (
                  <Option key={each.id} kind={kind} device={each} />
                ))}
              </div>
            ) : null,
          )}
        </RadioGroup>
      ) : null}
      <Problem error={devices.error ?? share.error} />
    </Dialog>
  );
}

function Option({ kind, device }: { kind: Screen["kind"]; device: DeviceInfo }): ReactNode {
  const Icon = kind === "screen" ? Monitor : AppWindow;
  return (
    <Radio value={`${kind}:${device.id}`} className={styles["screen"] ?? ""} data-testid="share-option">
      <Icon size="1.125rem" aria-hidden />
      <bdi className={styles["screenName"]}>{device.name}</bdi>
    </Radio>
  );
}

function screenOf(value: string): Screen {
  const at = value.indexOf(":");
  return { kind: value.slice(0, at) === "window" ? "window" : "screen", id: value.slice(at + 1) };
}
