//! A picture in I420, borrowed.

use crate::VpxError;

/// The planes of a picture in I420 (BT.601, 8 bits): luma in full size, chroma in half of it both ways.
#[derive(Clone, Copy)]
pub struct Planes<'a> {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Luma, row by row.
    pub y: &'a [u8],
    /// Blue difference.
    pub u: &'a [u8],
    /// Red difference.
    pub v: &'a [u8],
    /// Bytes from one row of luma to the next.
    pub y_stride: usize,
    /// Bytes from one row of chroma to the next.
    pub uv_stride: usize,
}

impl Planes<'_> {
    /// Checks that every row is there.
    ///
    /// # Errors
    /// When a plane is too small for its size.
    pub fn check(&self) -> Result<(), VpxError> {
        let (width, height) = (self.width as usize, self.height as usize);
        let fits = |plane: &[u8], stride: usize, width: usize, height: usize| {
            stride >= width
                && stride
                    .checked_mul(height.saturating_sub(1))
                    .and_then(|rows| rows.checked_add(width))
                    .is_some_and(|all| all <= plane.len())
        };
        let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
        let all = fits(self.y, self.y_stride, width, height)
            && fits(self.u, self.uv_stride, half_width, half_height)
            && fits(self.v, self.uv_stride, half_width, half_height);
        if all { Ok(()) } else { Err(VpxError::Planes) }
    }
}
