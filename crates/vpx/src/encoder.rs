//! The encoder: one pass, real time, constant bit rate, one thread (several spin while they wait for each other).

use std::mem::MaybeUninit;
use std::ptr;

use vpx_sys::{
    vpx_codec_ctx_t, vpx_codec_cx_pkt_kind, vpx_codec_enc_cfg_t, vpx_enc_pass, vpx_image_t, vpx_img_fmt, vpx_kf_mode, vpx_rational,
    vpx_rc_mode,
};

use crate::{MAX_PIXELS, Planes, VpxError, check};

/// Ticks of the time base a second: that of RTP for video (RFC 7741 §4.1).
const TICKS: i32 = 90_000;
/// How much an encoder may spend: from 0 (all) to 16 (the least). A camera's is that of WebRTC on telephones: a quarter less time than 8 takes,
/// and no worse. Letters of a screen are worth more.
const fn cpu_used(content: Content) -> i32 {
    match content {
        Content::Camera => 12,
        Content::Screen => 8,
    }
}

/// What is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// A camera: people and things, in motion.
    Camera,
    /// A screen: letters and edges, mostly still.
    Screen,
}

/// How an encoder begins.
#[derive(Clone, Copy, Debug)]
pub struct EncoderOptions {
    /// Pixels across; even.
    pub width: u32,
    /// Pixels down; even.
    pub height: u32,
    /// Kilobits a second.
    pub kbit_s: u32,
    /// What is encoded.
    pub content: Content,
}

/// An encoded frame.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// The frame, as RFC 6386 says.
    pub data: Vec<u8>,
    /// Whether it can be decoded without any before it.
    pub is_key: bool,
}

/// An encoder for pictures of one size.
pub struct Encoder {
    context: Box<vpx_codec_ctx_t>,
    config: Box<vpx_codec_enc_cfg_t>,
}

// SAFETY: a context of libvpx belongs to no thread; `&mut self` on every call keeps it to one at a time.
unsafe impl Send for Encoder {}

impl Encoder {
    /// Makes an encoder.
    ///
    /// # Errors
    /// When the size can't be coded, or libvpx refuses.
    pub fn new(options: EncoderOptions) -> Result<Self, VpxError> {
        let EncoderOptions { width, height, kbit_s, content } = options;
        let is_even = width.is_multiple_of(2) && height.is_multiple_of(2);
        if width == 0 || height == 0 || !is_even || u64::from(width) * u64::from(height) > MAX_PIXELS {
            return Err(VpxError::Size(width, height));
        }
        let mut config = Box::new(default_config()?);
        config.g_w = width;
        config.g_h = height;
        config.g_timebase = vpx_rational { num: 1, den: TICKS };
        config.g_threads = 1;
        config.g_lag_in_frames = 0;
        config.g_pass = vpx_enc_pass::VPX_RC_ONE_PASS;
        config.g_error_resilient = 0;
        config.rc_end_usage = vpx_rc_mode::VPX_CBR;
        config.rc_target_bitrate = kbit_s.max(1);
        config.rc_resize_allowed = 0;
        config.rc_undershoot_pct = 100;
        config.rc_overshoot_pct = 15;
        config.rc_buf_initial_sz = 500;
        config.rc_buf_optimal_sz = 600;
        config.rc_buf_sz = 1000;
        (config.rc_min_quantizer, config.rc_max_quantizer, config.rc_dropframe_thresh) = match content {
            Content::Camera => (2, 56, 30),
            // Letters stay legible; a screen may skip frames instead.
            Content::Screen => (4, 40, 50),
        };
        // Key frames are made when somebody asks for one.
        config.kf_mode = vpx_kf_mode::VPX_KF_DISABLED;
        let mut context = MaybeUninit::<vpx_codec_ctx_t>::zeroed();
        // SAFETY: the context is written by the call before it is read; the configuration outlives the context, as libvpx asks.
        let context = unsafe {
            check(vpx_sys::vpx_codec_enc_init_ver(
                context.as_mut_ptr(),
                vpx_sys::vpx_codec_vp8_cx(),
                &raw const *config,
                0,
                vpx_sys::VPX_ENCODER_ABI_VERSION as i32,
            ))?;
            Box::new(context.assume_init())
        };
        let mut encoder = Self { context, config };
        let is_screen = i32::from(content == Content::Screen);
        encoder.control(vpx_sys::vp8e_enc_control_id::VP8E_SET_CPUUSED, -cpu_used(content))?;
        encoder.control(vpx_sys::vp8e_enc_control_id::VP8E_SET_NOISE_SENSITIVITY, 0)?;
        encoder.control(vpx_sys::vp8e_enc_control_id::VP8E_SET_STATIC_THRESHOLD, if is_screen == 1 { 100 } else { 1 })?;
        encoder.control(vpx_sys::vp8e_enc_control_id::VP8E_SET_SCREEN_CONTENT_MODE, is_screen)?;
        encoder.control(vpx_sys::vp8e_enc_control_id::VP8E_SET_TOKEN_PARTITIONS, 0)?;
        // A key frame takes at most so many percent of a frame's share, so that it does not stop the call on a narrow line.
        encoder.control(vpx_sys::vp8e_enc_control_id::VP8E_SET_MAX_INTRA_BITRATE_PCT, 900)?;
        Ok(encoder)
    }

    /// Pixels across and down.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        (self.config.g_w, self.config.g_h)
    }

    /// Sets the bit rate from the next frame on, in kilobits a second.
    ///
    /// # Errors
    /// When libvpx refuses.
    pub fn set_kbit_s(&mut self, kbit_s: u32) -> Result<(), VpxError> {
        self.config.rc_target_bitrate = kbit_s.max(1);
        // SAFETY: context and configuration are alive, and nobody else uses them.
        check(unsafe { vpx_sys::vpx_codec_enc_config_set(&raw mut *self.context, &raw const *self.config) })
    }

    /// Encodes a picture of the encoder's size, shown at `at` and for `ticks`, both in 1/90000 s. Nothing comes out where the rate is used up.
    ///
    /// # Errors
    /// When the picture has another size, or libvpx refuses.
    pub fn encode(&mut self, planes: &Planes<'_>, at: i64, ticks: u32, wants_key: bool) -> Result<Option<Encoded>, VpxError> {
        if (planes.width, planes.height) != self.size() {
            return Err(VpxError::Size(planes.width, planes.height));
        }
        planes.check()?;
        let mut image = MaybeUninit::<vpx_image_t>::zeroed();
        let (y, u, v) = (planes.y.as_ptr().cast_mut(), planes.u.as_ptr().cast_mut(), planes.v.as_ptr().cast_mut());
        // SAFETY: `vpx_img_wrap` fills the structure and allocates nothing; the planes were checked to hold every row and are only read.
        let image = unsafe {
            if vpx_sys::vpx_img_wrap(image.as_mut_ptr(), vpx_img_fmt::VPX_IMG_FMT_I420, planes.width, planes.height, 1, y).is_null() {
                return Err(VpxError::Planes);
            }
            let mut image = image.assume_init();
            image.planes = [y, u, v, ptr::null_mut()];
            let (y_stride, uv_stride) = (stride(planes.y_stride)?, stride(planes.uv_stride)?);
            image.stride = [y_stride, uv_stride, uv_stride, 0];
            image
        };
        let flags = if wants_key { i64::from(vpx_sys::VPX_EFLAG_FORCE_KF) } else { 0 };
        // SAFETY: context and image are alive for the call.
        check(unsafe {
            vpx_sys::vpx_codec_encode(
                &raw mut *self.context,
                &raw const image,
                at,
                u64::from(ticks.max(1)),
                flags,
                u64::from(vpx_sys::VPX_DL_REALTIME),
            )
        })?;
        Ok(self.packet())
    }

    /// The one frame that the last call made.
    fn packet(&mut self) -> Option<Encoded> {
        let mut iterator = ptr::null();
        let mut encoded = None;
        loop {
            // SAFETY: the context is alive; a packet stays valid until the next call into it.
            let packet = unsafe { vpx_sys::vpx_codec_get_cx_data(&raw mut *self.context, &raw mut iterator).as_ref() };
            let Some(packet) = packet else { return encoded };
            if packet.kind != vpx_codec_cx_pkt_kind::VPX_CODEC_CX_FRAME_PKT {
                continue;
            }
            // SAFETY: a packet of this kind holds a frame, whose buffer has `sz` bytes.
            encoded = Some(unsafe {
                let frame = packet.data.frame;
                let data = std::slice::from_raw_parts(frame.buf.cast::<u8>(), frame.sz).to_vec();
                Encoded { data, is_key: frame.flags & vpx_sys::VPX_FRAME_IS_KEY != 0 }
            });
        }
    }

    fn control(&mut self, id: vpx_sys::vp8e_enc_control_id, value: i32) -> Result<(), VpxError> {
        // SAFETY: every control that is used here takes one int.
        check(unsafe { vpx_sys::vpx_codec_control_(&raw mut *self.context, id as i32, value) })
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: the context was made by `new` and is not used again.
        unsafe { vpx_sys::vpx_codec_destroy(&raw mut *self.context) };
    }
}

fn default_config() -> Result<vpx_codec_enc_cfg_t, VpxError> {
    let mut config = MaybeUninit::<vpx_codec_enc_cfg_t>::uninit();
    // SAFETY: the call writes the whole structure when it succeeds.
    unsafe {
        check(vpx_sys::vpx_codec_enc_config_default(vpx_sys::vpx_codec_vp8_cx(), config.as_mut_ptr(), 0))?;
        Ok(config.assume_init())
    }
}

fn stride(bytes: usize) -> Result<i32, VpxError> {
    i32::try_from(bytes).map_err(|_| VpxError::Planes)
}
