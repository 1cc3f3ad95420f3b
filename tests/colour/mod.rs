//! Colours as eyes see them: luminance, contrast, colour blindness, distance.

#![expect(clippy::many_single_char_names, reason = "the letters of the published formulas")]

use ratatui::style::Color;

/// Red, green, blue in linear light, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ink([f64; 3]);

/// Simulated eyes: name and matrix on linear light, after Machado, Oliveira and Fernandes (2009), severity 1.
const EYES: [(&str, [[f64; 3]; 3]); 4] = [
    ("usual eyes", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    ("protanopia", [[0.152_286, 1.052_583, -0.204_868], [0.114_503, 0.786_281, 0.099_216], [-0.003_882, -0.048_116, 1.051_998]]),
    ("deuteranopia", [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]]),
    ("tritanopia", [[1.255_528, -0.076_749, -0.178_779], [-0.078_411, 0.930_809, 0.147_602], [0.004_733, 0.691_367, 0.303_900]]),
];

impl Ink {
    pub fn hex(digits: &str) -> Self {
        let part = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).expect("hex");
        Self::rgb([part(0), part(2), part(4)])
    }

    fn rgb(parts: [u8; 3]) -> Self {
        Self(parts.map(|part| {
            let share = f64::from(part) / 255.0;
            if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        }))
    }

    /// Of a colour of a cell; `None` for the default of the terminal. `palette` are the 16 that terminals arrange.
    pub fn of(color: Color, palette: &[&str; 16]) -> Option<Self> {
        let named = |index: usize| Some(Self::hex(palette[index]));
        match color {
            Color::Reset => None,
            Color::Black => named(0),
            Color::Red => named(1),
            Color::Green => named(2),
            Color::Yellow => named(3),
            Color::Blue => named(4),
            Color::Magenta => named(5),
            Color::Cyan => named(6),
            Color::Gray => named(7),
            Color::DarkGray => named(8),
            Color::LightRed => named(9),
            Color::LightGreen => named(10),
            Color::LightYellow => named(11),
            Color::LightBlue => named(12),
            Color::LightMagenta => named(13),
            Color::LightCyan => named(14),
            Color::White => named(15),
            Color::Rgb(red, green, blue) => Some(Self::rgb([red, green, blue])),
            Color::Indexed(index @ 232..) => Some(Self::rgb([8 + 10 * (index - 232); 3])),
            Color::Indexed(index @ 16..) => {
                const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
                let cube = usize::from(index - 16);
                Some(Self::rgb([STEPS[cube / 36], STEPS[cube / 6 % 6], STEPS[cube % 6]]))
            }
            Color::Indexed(index) => named(usize::from(index)),
        }
    }

    pub fn luminance(self) -> f64 {
        let [red, green, blue] = self.0;
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    fn seen_by(self, matrix: &[[f64; 3]; 3]) -> Self {
        let row = |row: &[f64; 3]| row.iter().zip(self.0).map(|(factor, part)| factor * part).sum::<f64>().clamp(0.0, 1.0);
        Self([row(&matrix[0]), row(&matrix[1]), row(&matrix[2])])
    }

    /// CIE L*a*b*, D65.
    fn lab(self) -> [f64; 3] {
        let [r, g, b] = self.0;
        let f = |t: f64| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
        let x = f((0.412_456_4 * r + 0.357_576_1 * g + 0.180_437_5 * b) / 0.950_47);
        let y = f(0.212_672_9 * r + 0.715_152_2 * g + 0.072_175 * b);
        let z = f((0.019_333_9 * r + 0.119_192 * g + 0.950_304_1 * b) / 1.088_83);
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }
}

/// Of WCAG 2.2, 1 to 21.
pub fn contrast(one: Ink, other: Ink) -> f64 {
    let (one, other) = (one.luminance(), other.luminance());
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// The least CIEDE2000 over usual and colour-blind eyes, and whose it is.
pub fn distance(one: Ink, other: Ink) -> (f64, &'static str) {
    let of = |(name, matrix): &(&'static str, [[f64; 3]; 3])| (ciede2000(one.seen_by(matrix).lab(), other.seen_by(matrix).lab()), *name);
    EYES.iter().map(of).min_by(|a, b| a.0.total_cmp(&b.0)).expect("there are eyes")
}

/// After Sharma, Wu and Dalal (2005).
fn ciede2000([l1, a1, b1]: [f64; 3], [l2, a2, b2]: [f64; 3]) -> f64 {
    let power = |c: f64| c.powi(7) / (c.powi(7) + 25f64.powi(7));
    let mean = f64::midpoint(a1.hypot(b1), a2.hypot(b2));
    let g = 0.5 * (1.0 - power(mean).sqrt());
    let (a1, a2) = ((1.0 + g) * a1, (1.0 + g) * a2);
    let (c1, c2) = (a1.hypot(b1), a2.hypot(b2));
    let hue = |a: f64, b: f64| if a == 0.0 && b == 0.0 { 0.0 } else { b.atan2(a).to_degrees().rem_euclid(360.0) };
    let (h1, h2) = (hue(a1, b1), hue(a2, b2));
    let is_grey = c1 * c2 == 0.0;
    let turn = match h2 - h1 {
        _ if is_grey => 0.0,
        d if d > 180.0 => d - 360.0,
        d if d < -180.0 => d + 360.0,
        d => d,
    };
    let (dl, dc, dh) = (l2 - l1, c2 - c1, 2.0 * (c1 * c2).sqrt() * (turn / 2.0).to_radians().sin());
    let (l, c) = (f64::midpoint(l1, l2), f64::midpoint(c1, c2));
    let h = match h1 + h2 {
        sum if is_grey => sum,
        sum if (h1 - h2).abs() <= 180.0 => sum / 2.0,
        sum if sum < 360.0 => f64::midpoint(sum, 360.0),
        sum => (sum - 360.0) / 2.0,
    };
    let cos = |degrees: f64| degrees.to_radians().cos();
    let t = 1.0 - 0.17 * cos(h - 30.0) + 0.24 * cos(2.0 * h) + 0.32 * cos(3.0 * h + 6.0) - 0.2 * cos(4.0 * h - 63.0);
    let sl = 1.0 + 0.015 * (l - 50.0).powi(2) / (20.0 + (l - 50.0).powi(2)).sqrt();
    let (sc, sh) = (1.0 + 0.045 * c, 1.0 + 0.015 * c * t);
    let rt = -2.0 * power(c).sqrt() * (60.0 * (-((h - 275.0) / 25.0).powi(2)).exp()).to_radians().sin();
    ((dl / sl).powi(2) + (dc / sc).powi(2) + (dh / sh).powi(2) + rt * dc / sc * dh / sh).sqrt()
}

#[test]
fn the_distance_is_that_of_the_published_examples() {
    for (one, other, expected) in [
        ([50.0, 2.6772, -79.7751], [50.0, 0.0, -82.7485], 2.0425),
        ([50.0, -1.0, 2.0], [50.0, 0.0, 0.0], 2.3669),
        ([50.0, 2.5, 0.0], [73.0, 25.0, -18.0], 27.1492),
        ([2.0776, 0.0795, -1.135], [0.9033, -0.0636, -0.5514], 0.9082),
    ] {
        assert!((ciede2000(one, other) - expected).abs() < 0.0001, "{one:?} {other:?}");
    }
}
