import { ShieldAlert, ShieldCheck, UserPlus } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Avatar } from "../../components/Avatar";
import { Button } from "../../components/Button";
import { Confirm } from "../../components/Dialog";
import { Hint } from "../../components/Hint";
import { Menu, type MenuAction } from "../../components/Menu";
import { Problem } from "../../components/States";
import { type ConversationDetails, type MemberView, type Role, useAction } from "../../data/client";
import { number } from "../../data/number";
import { relative } from "../../data/time";
import { AddPerson } from "./AddPerson";
import styles from "./Details.module.css";
import { Leave } from "./Leave";

const ROLES: Role[] = ["owner", "admin", "member", "read_only", "guest"];

/** Who can read it, with which rights, by which keys. */
export function Details({ details }: { details: ConversationDetails }): ReactNode {
  const { t } = useTranslation();
  return (
    <aside className={styles["drawer"]} aria-label={t("details.label")}>
      <Members details={details} />
      <Keys details={details} />
      <Leave details={details} />
    </aside>
  );
}

function Members({ details }: { details: ConversationDetails }): ReactNode {
  const { t } = useTranslation();
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<MemberView | null>(null);
  const remove = useAction((commands, user: string) =>
    commands.conversation_remove({ request: { conversation: details.id, user } }),
  );
  return (
    <section className={styles["section"]}>
      <h2 className={styles["heading"]}>
        {t("details.readers")}
        {details.rights.add ? (
          <Button
            kind="icon"
            testId="member-add"
            aria-label={t("details.add")}
            onPress={() => {
              setAdding(true);
            }}
          >
            <UserPlus size="1rem" aria-hidden />
          </Button>
        ) : null}
      </h2>
      <ul>
        {details.members.map((member) => (
          <Member key={member.user} details={details} member={member} onRemove={setRemoving} />
        ))}
      </ul>
      {adding ? (
        <AddPerson
          details={details}
          onClose={() => {
            setAdding(false);
          }}
        />
      ) : null}
      {removing ? (
        <Confirm
          danger
          title={t("details.removeTitle", { handle: removing.handle })}
          lead={t("details.removeLead", { handle: removing.handle })}
          action={t("details.remove")}
          busy={remove.isPending}
          problem={<Problem error={remove.error} />}
          onConfirm={() => {
            remove.mutate(removing.user, {
              onSuccess: () => {
                setRemoving(null);
              },
            });
          }}
          onClose={() => {
            setRemoving(null);
          }}
        />
      ) : null}
    </section>
  );
}

interface MemberProps {
  details: ConversationDetails;
  member: MemberView;
  onRemove: (member: MemberView) => void;
}

function Member({ details, member, onRemove }: MemberProps): ReactNode {
  const { t } = useTranslation();
  const setRole = useAction((commands, role: Role) =>
    commands.conversation_set_role({ request: { conversation: details.id, user: member.user, role } }),
  );
  // An admin neither makes nor touches an owner.
  const mayTouch = (role: Role): boolean => details.my_role === "owner" || role !== "owner";
  const actions: MenuAction[] = details.rights.change_roles
    ? ROLES.filter(mayTouch).map((role) => ({
        id: `role-${role}`,
        label: t(`role.${role}`),
        isChosen: role === member.role,
        onAction: () => {
          setRole.mutate(role);
        },
      }))
    : [];
  if (details.rights.remove && !member.me) {
    actions.push({
      id: "remove",
      label: t("details.remove"),
      danger: true,
      onAction: () => {
        onRemove(member);
      },
    });
  }
  const Shield = member.verified ? ShieldCheck : ShieldAlert;
  return (
    <li data-testid="member-row" data-handle={member.handle}>
      <div className={styles["member"]} data-two-lines={!member.me}>
        <Avatar small name={member.handle} />
        <span className={styles["name"]}>
          {member.handle}
          <Shield
            size="0.8125rem"
            className={styles[member.verified ? "verified" : "unverified"]}
            role="img"
            aria-label={t(member.verified ? "details.verifiedMark" : "details.unverifiedMark")}
          />
        </span>
        <span className={styles["role"]}>{t(`role.${member.role}`)}</span>
        {actions.length > 0 && mayTouch(member.role) ? (
          <Menu label={t("details.menu", { handle: member.handle })} handle={member.handle} actions={actions} />
        ) : (
          <span />
        )}
        {member.me ? null : (
          <span className={styles["confirmed"]}>
            <Confirmed member={member} />
          </span>
        )}
      </div>
      <Problem error={setRole.error} />
    </li>
  );
}

/** When somebody else last confirmed the conversation's log, or that a device of theirs does not. */
function Confirmed({ member }: { member: MemberView }): ReactNode {
  const { t, i18n } = useTranslation();
  const { handle, confirms, confirmed_at: at } = member;
  if (!confirms) {
    return (
      <Hint tone="danger" why={t("details.notConfirmingWhy", { handle })} testId="confirmed">
        {t("details.notConfirming")}
      </Hint>
    );
  }
  return (
    <Hint why={t("details.confirmedWhy", { handle })} testId="confirmed">
      {at === null
        ? t("details.confirmedNothing")
        : t("details.confirmed", { when: relative(at, new Date(), i18n.language) })}
    </Hint>
  );
}

function Keys({ details }: { details: ConversationDetails }): ReactNode {
  const { t, i18n } = useTranslation();
  const rotate = useAction<undefined>((commands) => commands.conversation_rotate({ conversation: details.id }));
  const now = new Date();
  const verified = details.members.filter((member) => member.verified).length;
  return (
    <section className={styles["section"]}>
      <h2 className={styles["heading"]}>{t("details.keys")}</h2>
      <dl className={styles["facts"]}>
        <dt>{t("details.encryption")}</dt>
        <dd title={details.suite}>
          <bdi>{details.algorithm === "aes_256_gcm" ? "AES-256-GCM" : "ChaCha20-Poly1305"}</bdi>
        </dd>
        <dt>{t("details.epoch")}</dt>
        <dd data-testid="epoch">{number(details.epoch, i18n.language)}</dd>
        <dt>{t("details.rotated")}</dt>
        <dd>{relative(details.rotated_at, now, i18n.language)}</dd>
        <dt>{t("details.next")}</dt>
        <dd>{relative(details.next_rotation_at, now, i18n.language)}</dd>
        <dt>{t("details.verified")}</dt>
        <dd className={styles[verified === details.members.length ? "verified" : "unverified"]}>
          {t("details.verifiedOf", { verified, count: details.members.length })}
        </dd>
      </dl>
      {details.rights.rotate ? (
        <div className={styles["rotate"]}>
          <Button
            testId="rotate-now"
            isDisabled={rotate.isPending}
            onPress={() => {
              rotate.mutate(undefined);
            }}
          >
            {rotate.isPending ? t("details.rotating") : t("details.rotate")}
          </Button>
          <Problem error={rotate.error} />
        </div>
      ) : null}
    </section>
  );
}
