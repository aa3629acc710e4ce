//! Medians and spreads.

/// Measurements of one thing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample(pub(crate) Vec<f64>);

impl Sample {
    /// The value below which this share of the measurements lies.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let Some(last) = sorted.len().checked_sub(1) else {
            return f64::NAN;
        };
        let at = share * last as f64;
        let (low, high) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
        low + (high - low) * at.fract()
    }

    /// The middle.
    pub(crate) fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// Turn by turn, this one with another: neighbours in time are compared, not averages.
    pub(crate) fn with(&self, other: &Sample, act: fn(f64, f64) -> f64) -> Sample {
        Sample(
            self.0
                .iter()
                .zip(&other.0)
                .map(|(a, b)| act(*a, *b))
                .collect(),
        )
    }
}
