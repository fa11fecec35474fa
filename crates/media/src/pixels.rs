//! Pixels of eight bits a channel, and scaling them down.

/// Width and height in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl Size {
    pub(crate) fn pixels(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// The same shape with its long edge at most `edge`, and never larger than it is.
    pub(crate) fn fit(self, edge: u32) -> Self {
        let long = self.width.max(self.height);
        if long <= edge {
            return self;
        }
        // Rounded to the nearest; at most `edge`, so it fits.
        let scale = |side: u32| ((u64::from(side) * u64::from(edge) + u64::from(long) / 2) / u64::from(long)).max(1) as u32;
        Self { width: scale(self.width), height: scale(self.height) }
    }
}

/// What the channels of a pixel mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    Gray,
    Rgb,
    /// Alpha is not multiplied in.
    Rgba,
    /// Ink: 255 is full.
    Cmyk,
}

impl Layout {
    pub(crate) fn channels(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::Rgb => 3,
            Self::Rgba | Self::Cmyk => 4,
        }
    }
}

/// Rows from the top, without padding.
#[derive(Debug, Clone)]
pub(crate) struct Pixels {
    pub(crate) size: Size,
    pub(crate) layout: Layout,
    pub(crate) data: Vec<u8>,
}

impl Pixels {
    /// `None` where `data` is not what `size` and `layout` ask for.
    pub(crate) fn new(size: Size, layout: Layout, data: Vec<u8>) -> Option<Self> {
        let expected = size.pixels().checked_mul(layout.channels() as u64)?;
        (data.len() as u64 == expected && expected > 0).then_some(Self { size, layout, data })
    }

    /// Scaled down to fit `edge`: every new pixel is the mean of the area that it covers, and what is more transparent counts less.
    pub(crate) fn shrink(self, edge: u32) -> Self {
        let to = self.size.fit(edge);
        if to == self.size {
            return self;
        }
        let data = match self.layout {
            Layout::Gray => area::<1>(&self.data, self.size, to, |sums| sums.map(byte)),
            Layout::Rgb => area::<3>(&self.data, self.size, to, |sums| sums.map(byte)),
            Layout::Cmyk => area::<4>(&self.data, self.size, to, |sums| sums.map(byte)),
            Layout::Rgba => {
                let mut weighted = self.data;
                for pixel in weighted.as_chunks_mut::<4>().0 {
                    let [r, g, b, a] = *pixel;
                    *pixel = [multiply(r, a), multiply(g, a), multiply(b, a), a];
                }
                area::<4>(&weighted, self.size, to, |[r, g, b, a]| {
                    let over = if a > 0.0 { 255.0 / a } else { 0.0 };
                    [byte(r * over), byte(g * over), byte(b * over), byte(a)]
                })
            }
        };
        Self { size: to, layout: self.layout, data }
    }
}

/// The part of one old row or column in a new one: where it begins, and how much each old one counts.
struct Share {
    first: usize,
    weights: Vec<f32>,
}

fn shares(from: u32, to: u32) -> Vec<Share> {
    let ratio = f64::from(from) / f64::from(to);
    (0..to)
        .map(|new| {
            let (begin, end) = (f64::from(new) * ratio, (f64::from(new + 1) * ratio).min(f64::from(from)));
            let first = begin as u32;
            let weights = (first..end.ceil() as u32)
                .map(|old| ((end.min(f64::from(old + 1)) - begin.max(f64::from(old))).max(0.0) / ratio) as f32)
                .collect();
            Share { first: first as usize, weights }
        })
        .collect()
}

fn area<const N: usize>(data: &[u8], from: Size, to: Size, finish: impl Fn([f32; N]) -> [u8; N]) -> Vec<u8> {
    let (columns, rows) = (shares(from.width, to.width), shares(from.height, to.height));
    let pixels = data.as_chunks::<N>().0;
    let mut scaled = Vec::with_capacity(to.width as usize * to.height as usize * N);
    let mut sums = vec![[0.0_f32; N]; to.width as usize];
    for row in &rows {
        sums.fill([0.0; N]);
        let old_rows = pixels.chunks_exact(from.width as usize).skip(row.first);
        for (old_row, row_weight) in old_rows.zip(&row.weights) {
            for (sum, column) in sums.iter_mut().zip(&columns) {
                let old = old_row.get(column.first..).unwrap_or_default();
                for (pixel, weight) in old.iter().zip(&column.weights) {
                    let weight = weight * row_weight;
                    for (channel, value) in sum.iter_mut().zip(pixel) {
                        *channel += f32::from(*value) * weight;
                    }
                }
            }
        }
        scaled.extend(sums.iter().flat_map(|sum| finish(*sum)));
    }
    scaled
}

fn byte(value: f32) -> u8 {
    // The cast saturates.
    (value + 0.5) as u8
}

fn multiply(value: u8, alpha: u8) -> u8 {
    ((u16::from(value) * u16::from(alpha) + 127) / 255) as u8
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_thin_line_keeps_one_pixel_of_width() {
        assert_eq!(Size { width: 1, height: 10_000 }.fit(480), Size { width: 1, height: 480 });
    }

    #[test]
    fn what_is_transparent_does_not_tint_what_is_beside_it() {
        let data = [[255, 0, 0, 255], [0, 255, 0, 0]].concat();
        let pixels = Pixels::new(Size { width: 2, height: 1 }, Layout::Rgba, data).unwrap().shrink(1);
        assert_eq!(pixels.data, [255, 0, 0, 128]);
    }

    proptest! {
        /// Weights that do not add up to one would darken or brighten.
        #[test]
        fn one_colour_stays_that_colour(width in 1_u32..200, height in 1_u32..200, edge in 1_u32..100, value: u8) {
            let data = vec![value; width as usize * height as usize];
            let scaled = Pixels::new(Size { width, height }, Layout::Gray, data).unwrap().shrink(edge);
            prop_assert!(scaled.size.width.max(scaled.size.height) <= edge);
            prop_assert_eq!(scaled.data.len() as u64, scaled.size.pixels());
            prop_assert!(scaled.data.iter().all(|&pixel| pixel == value));
        }
    }
}
