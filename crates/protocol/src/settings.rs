//! Settings by environment. A bad value is refused with what is allowed; nothing starts on a guess.

use serde::{Deserialize, Serialize};

use crate::wire::IceServer;
use crate::{Algorithm, ice_servers};

/// What the environment says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `DEFAULT_ENCRYPTION_ALGORITHM`: the algorithm of new conversations (default `aes-256-gcm`).
    pub default_algorithm: Algorithm,
    /// `KEY_ROTATION_INTERVAL_DAYS`: the age at which a user's identity key is rotated, 1 to 365 (default 90).
    pub key_rotation_days: u32,
    /// `AUDIT_LOGGING_ENABLED`: whether the relay keeps its audit log (default `true`).
    pub audit_logging: bool,
    /// `COMPLIANCE_MODE`: the rules that the workspace must meet (default none).
    pub compliance: Vec<Compliance>,
    /// `WEBRTC_ICE_SERVERS`: STUN and TURN servers beside the relay's own (default none).
    pub ice_servers: Vec<IceServer>,
    /// `WEBRTC_MAX_RECONNECTION_ATTEMPTS`: how often a call that lost its connection tries again by itself, 0 to 20 (default 3).
    pub max_reconnection_attempts: u32,
}

/// A set of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compliance {
    /// General Data Protection Regulation.
    Gdpr,
    /// Health Insurance Portability and Accountability Act.
    Hipaa,
    /// Sarbanes–Oxley Act.
    Sox,
}

/// A variable with a value that is not allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable} is {value:?}: {allowed}")]
pub struct BadSetting {
    /// The variable.
    pub variable: &'static str,
    /// Its value.
    pub value: String,
    /// What is allowed.
    pub allowed: &'static str,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            default_algorithm: Algorithm::Aes256Gcm,
            key_rotation_days: 90,
            audit_logging: true,
            compliance: Vec::new(),
            ice_servers: Vec::new(),
            max_reconnection_attempts: 3,
        }
    }
}

impl Settings {
    /// Reads the settings by asking for each variable; one that is unset or empty has its default.
    ///
    /// # Errors
    /// At the first value that is not allowed.
    pub fn from_env(variable: impl Fn(&str) -> Option<String>) -> Result<Self, BadSetting> {
        let read = |name: &'static str| variable(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let defaults = Self::default();

        if let Some(value) = read("ENCRYPTION_ENABLED").filter(|value| value != "true") {
            return Err(refused("ENCRYPTION_ENABLED", value, "only true is allowed; Bezel has no unencrypted mode"));
        }
        let default_algorithm = match read("DEFAULT_ENCRYPTION_ALGORITHM") {
            None => defaults.default_algorithm,
            Some(value) => {
                value.parse().map_err(|_| refused("DEFAULT_ENCRYPTION_ALGORITHM", value, "aes-256-gcm or chacha20-poly1305 is allowed"))?
            }
        };
        let key_rotation_days = match read("KEY_ROTATION_INTERVAL_DAYS") {
            None => defaults.key_rotation_days,
            Some(value) => match value.parse() {
                Ok(days) if (1..=365).contains(&days) => days,
                _ => return Err(refused("KEY_ROTATION_INTERVAL_DAYS", value, "a whole number of days from 1 to 365 is allowed")),
            },
        };
        let audit_logging = match read("AUDIT_LOGGING_ENABLED").as_deref() {
            None => defaults.audit_logging,
            Some("true") => true,
            Some("false") => false,
            Some(value) => return Err(refused("AUDIT_LOGGING_ENABLED", value.into(), "true or false is allowed")),
        };
        let compliance = match read("COMPLIANCE_MODE") {
            None => defaults.compliance,
            Some(value) => compliance(&value)
                .ok_or_else(|| refused("COMPLIANCE_MODE", value, "none, or a list of gdpr, hipaa and sox with commas is allowed"))?,
        };
        if !audit_logging && compliance.iter().any(|rules| matches!(rules, Compliance::Hipaa | Compliance::Sox)) {
            return Err(refused("AUDIT_LOGGING_ENABLED", "false".into(), "hipaa and sox in COMPLIANCE_MODE allow only true"));
        }
        let ice_servers = match read("WEBRTC_ICE_SERVERS") {
            None => defaults.ice_servers,
            // It may hold a password: it is not repeated.
            Some(value) => ice_servers::parse(&value).ok_or_else(|| refused("WEBRTC_ICE_SERVERS", "(not shown)".into(), ICE_SERVERS))?,
        };
        let max_reconnection_attempts = match read("WEBRTC_MAX_RECONNECTION_ATTEMPTS") {
            None => defaults.max_reconnection_attempts,
            Some(value) => match value.parse() {
                Ok(attempts) if attempts <= 20 => attempts,
                _ => return Err(refused("WEBRTC_MAX_RECONNECTION_ATTEMPTS", value, "a whole number from 0 to 20 is allowed")),
            },
        };
        Ok(Self { default_algorithm, key_rotation_days, audit_logging, compliance, ice_servers, max_reconnection_attempts })
    }
}

const ICE_SERVERS: &str = "stun:HOST:PORT and turn:USER:PASSWORD@HOST:PORT with commas, or a JSON array of RTCIceServer, is allowed";

fn refused(variable: &'static str, value: String, allowed: &'static str) -> BadSetting {
    BadSetting { variable, value, allowed }
}

fn compliance(value: &str) -> Option<Vec<Compliance>> {
    if value.eq_ignore_ascii_case("none") {
        return Some(Vec::new());
    }
    let mut rules = value
        .split(',')
        .map(|name| match name.trim().to_ascii_lowercase().as_str() {
            "gdpr" => Some(Compliance::Gdpr),
            "hipaa" => Some(Compliance::Hipaa),
            "sox" => Some(Compliance::Sox),
            _ => None,
        })
        .collect::<Option<Vec<_>>>()?;
    rules.sort_unstable();
    rules.dedup();
    Some(rules)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn with(name: &'static str, value: &'static str) -> Result<Settings, BadSetting> {
        Settings::from_env(|asked| (asked == name).then(|| value.to_owned()))
    }

    #[test]
    fn without_variables_everything_has_its_default() {
        assert_eq!(Settings::from_env(|_| None), Ok(Settings::default()));
        assert_eq!(Settings::from_env(|_| Some("  ".into())), Ok(Settings::default()), "empty is unset");
    }

    #[test]
    fn encryption_can_not_be_switched_off() {
        assert!(with("ENCRYPTION_ENABLED", "true").is_ok());
        for value in ["false", "TRUE", "1", "yes"] {
            let error = with("ENCRYPTION_ENABLED", value).unwrap_err();
            assert!(error.to_string().contains("only true is allowed"), "{error}");
        }
    }

    #[test]
    fn each_bad_value_is_refused_with_what_is_allowed() {
        for (name, value, allowed) in [
            ("DEFAULT_ENCRYPTION_ALGORITHM", "rot13", "aes-256-gcm or chacha20-poly1305"),
            ("KEY_ROTATION_INTERVAL_DAYS", "0", "from 1 to 365"),
            ("KEY_ROTATION_INTERVAL_DAYS", "366", "from 1 to 365"),
            ("KEY_ROTATION_INTERVAL_DAYS", "ninety", "from 1 to 365"),
            ("AUDIT_LOGGING_ENABLED", "maybe", "true or false"),
            ("COMPLIANCE_MODE", "gdpr,pci", "gdpr, hipaa and sox"),
            ("WEBRTC_ICE_SERVERS", "turn:turn.example", "stun:HOST:PORT"),
            ("WEBRTC_MAX_RECONNECTION_ATTEMPTS", "21", "from 0 to 20"),
        ] {
            let error = with(name, value).unwrap_err();
            assert!(error.to_string().contains(allowed) && error.to_string().contains(name), "{error}");
        }
    }

    #[test]
    fn a_password_in_a_bad_value_is_not_repeated() {
        let error = with("WEBRTC_ICE_SERVERS", "turn:ana:hunter2@").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }

    #[test]
    fn hipaa_and_sox_ask_for_the_audit_log() {
        let read = |mode: &'static str| {
            Settings::from_env(|name| match name {
                "AUDIT_LOGGING_ENABLED" => Some("false".into()),
                "COMPLIANCE_MODE" => Some(mode.into()),
                _ => None,
            })
        };
        assert!(read("hipaa").is_err() && read("gdpr,sox").is_err());
        assert!(read("gdpr").is_ok() && read("none").is_ok());
    }

    #[test]
    fn good_values_are_taken() {
        assert_eq!(with("DEFAULT_ENCRYPTION_ALGORITHM", "ChaCha20-Poly1305").unwrap().default_algorithm, Algorithm::ChaCha20Poly1305);
        assert_eq!(with("KEY_ROTATION_INTERVAL_DAYS", "30").unwrap().key_rotation_days, 30);
        assert_eq!(with("WEBRTC_MAX_RECONNECTION_ATTEMPTS", "0").unwrap().max_reconnection_attempts, 0);
        assert_eq!(with("WEBRTC_ICE_SERVERS", "stun:stun.example").unwrap().ice_servers.len(), 1);
        assert_eq!(with("COMPLIANCE_MODE", "sox, GDPR,sox").unwrap().compliance, [Compliance::Gdpr, Compliance::Sox]);
    }

    proptest! {
        #[test]
        fn any_value_is_taken_or_refused(value in ".{0,40}") {
            let _ = Settings::from_env(|_| Some(value.clone()));
        }
    }
}
