//! A picture in I420.

use std::time::Instant;

use bezel_vpx::Planes;

/// A picture in I420 (BT.601, limited range): luma in full size, then both chroma planes in half of it both ways, without gaps.
#[derive(Clone, Debug)]
pub struct Picture {
    width: u32,
    height: u32,
    data: Vec<u8>,
    /// When it was taken.
    pub taken_at: Instant,
}

impl Picture {
    /// A black picture. Width and height are rounded down to even numbers, and are 2 at least.
    #[must_use]
    pub fn black(width: u32, height: u32, taken_at: Instant) -> Self {
        let (width, height) = ((width & !1).max(2), (height & !1).max(2));
        let luma = width as usize * height as usize;
        let mut data = vec![16; luma];
        data.resize(luma + luma / 2, 128);
        Self { width, height, data, taken_at }
    }

    /// Copies planes, which may have gaps after their rows.
    #[must_use]
    pub fn copied(planes: &Planes<'_>, taken_at: Instant) -> Self {
        let mut picture = Self::black(planes.width, planes.height, taken_at);
        let (width, half) = (picture.width as usize, picture.width as usize / 2);
        let (y, u, v) = picture.planes_mut();
        let copy = |to: &mut [u8], from: &[u8], width: usize, stride: usize| {
            for (to, from) in to.chunks_exact_mut(width).zip(from.chunks(stride.max(1))) {
                if let Some(from) = from.get(..width) {
                    to.copy_from_slice(from);
                }
            }
        };
        copy(y, planes.y, width, planes.y_stride);
        copy(u, planes.u, half, planes.uv_stride);
        copy(v, planes.v, half, planes.uv_stride);
        picture
    }

    /// Pixels across and down; both even.
    #[must_use]
    pub const fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// Luma and both chroma planes, to be written: rows of `width`, and of `width / 2`.
    pub fn planes_mut(&mut self) -> (&mut [u8], &mut [u8], &mut [u8]) {
        let luma = self.width as usize * self.height as usize;
        let (y, chroma) = self.data.split_at_mut(luma);
        let (u, v) = chroma.split_at_mut(luma / 4);
        (y, u, v)
    }

    /// The planes, to be read.
    #[must_use]
    pub fn planes(&self) -> Planes<'_> {
        let luma = self.width as usize * self.height as usize;
        let (y, chroma) = self.data.split_at(luma);
        let (u, v) = chroma.split_at(luma / 4);
        Planes { width: self.width, height: self.height, y, u, v, y_stride: self.width as usize, uv_stride: self.width as usize / 2 }
    }

    /// All planes, one after the other.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.data
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn planes_with_gaps_are_copied_without_them() {
        let (y, chroma) = (vec![7; 10 * 4], vec![9; 6 * 2]);
        let planes = Planes { width: 8, height: 4, y: &y, u: &chroma, v: &chroma, y_stride: 10, uv_stride: 6 };
        let picture = Picture::copied(&planes, clock::now());
        assert_eq!(picture.size(), (8, 4));
        assert_eq!(picture.as_bytes(), [vec![7; 32], vec![9; 16]].concat());
        picture.planes().check().unwrap();
    }
}
