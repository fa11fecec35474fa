import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../components/Button";
import { Choice } from "../../components/Choice";
import { Confirm } from "../../components/Dialog";
import { Segments } from "../../components/Segments";
import { Problem, Skeleton } from "../../components/States";
import { type Profile, useAction, useDebugInfo, useHost, useKeysStatus } from "../../data/client";
import { relative } from "../../data/time";
import { chooseLanguage } from "../../i18n";
import {
  type Choice as LanguageChoice,
  type Language,
  LANGUAGES,
  storedChoice,
  systemLanguage,
} from "../../i18n/languages";
import { applyTheme, storedTheme, type Theme } from "../../theme/theme";
import styles from "./Settings.module.css";

const THEMES: Theme[] = ["light", "dark", "system"];

export function Settings({ profile }: { profile: Profile }): ReactNode {
  const { t } = useTranslation();
  return (
    <div className={styles["page"]}>
      <div className={styles["column"]}>
        <h1 className={styles["title"]}>{t("settings.title")}</h1>
        <ProfileSection profile={profile} />
        <KeysSection />
        <Appearance />
        <LanguageSection />
        <Diagnostics />
      </div>
    </div>
  );
}

function ProfileSection({ profile }: { profile: Profile }): ReactNode {
  const { t } = useTranslation();
  return (
    <section className={styles["section"]}>
      <h2 className={styles["heading"]}>{t("settings.profile")}</h2>
      <dl className={styles["facts"]}>
        <dt>{t("settings.workspace")}</dt>
        <dd>{profile.workspace_name}</dd>
        <dt>{t("settings.handle")}</dt>
        <dd>{profile.handle}</dd>
        <dt>{t("settings.role")}</dt>
        <dd>{t(`role.${profile.role}`)}</dd>
        <dt>{t("settings.relay")}</dt>
        <dd>
          <bdi>{profile.relay}</bdi> {profile.hosts_relay ? `(${t("settings.relayHere")})` : ""}
        </dd>
      </dl>
    </section>
  );
}

function KeysSection(): ReactNode {
  const { t, i18n } = useTranslation();
  const keys = useKeysStatus();
  const [asking, setAsking] = useState(false);
  const rotate = useAction<undefined>((commands) => commands.keys_rotate());
  if (keys.isPending) return <Skeleton shape="facts" lines={4} />;
  if (keys.isError) return <Problem error={keys.error} onRetry={() => void keys.refetch()} />;
  const { slots } = keys.data;
  const ways = [
    slots.keychain ? t("settings.wayKeychain") : null,
    slots.passphrase ? t("settings.wayPassphrase") : null,
    slots.recovery_words ? t("settings.wayWords") : null,
  ].filter((way) => way !== null);
  return (
    <section className={styles["section"]}>
      <h2 className={styles["heading"]}>{t("settings.keys")}</h2>
      <dl className={styles["facts"]}>
        <dt>{keys.data.algorithm}</dt>
        <dd dir="ltr">{keys.data.fingerprint}</dd>
        <dt>{t("settings.age")}</dt>
        <dd>{relative(keys.data.created_at, new Date(), i18n.language)}</dd>
        <dt>{t("settings.due")}</dt>
        <dd>{relative(keys.data.due_at, new Date(), i18n.language)}</dd>
        <dt>{t("settings.ways")}</dt>
        <dd>{new Intl.ListFormat(i18n.language).format(ways)}</dd>
      </dl>
      <div>
        <Button
          onPress={() => {
            setAsking(true);
          }}
        >
          {t("settings.rotate")}
        </Button>
      </div>
      {asking ? (
        <Confirm
          title={t("settings.rotateTitle")}
          lead={t("settings.rotateLead")}
          action={t("settings.rotate")}
          busy={rotate.isPending}
          problem={<Problem error={rotate.error} />}
          onConfirm={() => {
            rotate.mutate(undefined, {
              onSuccess: () => {
                setAsking(false);
              },
            });
          }}
          onClose={() => {
            setAsking(false);
          }}
        />
      ) : null}
    </section>
  );
}

function Appearance(): ReactNode {
  const { t } = useTranslation();
  const [theme, setTheme] = useState(storedTheme);
  return (
    <section className={styles["section"]}>
      <h2 className={styles["heading"]}>{t("settings.appearance")}</h2>
      <Segments
        label={t("settings.theme")}
        value={theme}
        options={THEMES.map((each) => ({ value: each, label: t(`settings.${each}`), testId: `theme-${each}` }))}
        onChange={(chosen) => {
          applyTheme(chosen);
          setTheme(chosen);
        }}
      />
    </section>
  );
}

function LanguageSection(): ReactNode {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState(storedChoice);
  const names = Object.entries(LANGUAGES) as [Language, string][];
  return (
    <section className={styles["section"]}>
      <h2 className={styles["heading"]}>{t("settings.language")}</h2>
      <div className={styles["language"]}>
        <Choice<LanguageChoice>
          hideLabel
          label={t("settings.language")}
          testId="language"
          value={chosen}
          options={[
            { value: "system", label: t("settings.asSystem", { language: LANGUAGES[systemLanguage()] }) },
            ...names.map(([value, label]) => ({ value, label })),
          ]}
          onChange={(choice) => {
            setChosen(choice);
            void chooseLanguage(choice);
          }}
        />
      </div>
    </section>
  );
}

function Diagnostics(): ReactNode {
  const { t } = useTranslation();
  const host = useHost();
  const info = useDebugInfo();
  if (!info.data) return <Problem error={info.error} onRetry={() => void info.refetch()} />;
  const { report } = info.data;
  return (
    <section className={styles["section"]}>
      <h2 className={styles["heading"]}>{t("settings.diagnostics")}</h2>
      <pre dir="ltr" className={styles["report"]} aria-label={t("settings.report")}>
        {report}
      </pre>
      <div>
        <Button onPress={() => void host.copy(report)}>{t("app.copy")}</Button>
      </div>
    </section>
  );
}
