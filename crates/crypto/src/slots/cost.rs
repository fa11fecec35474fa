//! From a passphrase to a wrapping key: Argon2id (RFC 9106).

use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};

use super::{Passphrase, SlotError};
use crate::secret::Secret;

/// What guessing costs. Stored with the slot, so that it can grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Numbers", into = "Numbers")]
pub struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

#[derive(Serialize, Deserialize)]
struct Numbers {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// The numbers make no Argon2id, or one that would exhaust this computer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cost of the passphrase is out of bounds")]
pub struct InvalidCost;

/// A file may ask for this much memory, no more: 1 GiB.
const MAX_MEMORY_KIB: u32 = 1 << 20;
const MAX_PASSES: u32 = 64;
const MAX_LANES: u32 = 16;

impl Cost {
    /// 64 MiB, three passes, one lane.
    pub const DEFAULT: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 1 };

    /// A cost of one's own. Anything below the default is for tests.
    ///
    /// # Errors
    /// [`InvalidCost`].
    pub const fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, InvalidCost> {
        let enough = passes >= 1 && lanes >= 1 && lanes <= MAX_LANES && memory_kib >= 8 * lanes;
        if enough && memory_kib <= MAX_MEMORY_KIB && passes <= MAX_PASSES {
            Ok(Self { memory_kib, passes, lanes })
        } else {
            Err(InvalidCost)
        }
    }

    pub(super) fn stretch(self, passphrase: &Passphrase, salt: &[u8; 16]) -> Result<Secret<32>, SlotError> {
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(32)).map_err(|_| SlotError::Malformed)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        Secret::fill(|key| argon2.hash_password_into(passphrase.expose(), salt, key)).map_err(|_| SlotError::Failed)
    }
}

impl TryFrom<Numbers> for Cost {
    type Error = InvalidCost;

    fn try_from(numbers: Numbers) -> Result<Self, InvalidCost> {
        Self::new(numbers.memory_kib, numbers.passes, numbers.lanes)
    }
}

impl From<Cost> for Numbers {
    fn from(cost: Cost) -> Self {
        Self { memory_kib: cost.memory_kib, passes: cost.passes, lanes: cost.lanes }
    }
}
