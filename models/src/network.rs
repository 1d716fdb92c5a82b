//! One ONNX network in tract: checked against its checksum, prepared once, run on tensors.
//!
//! Knows nothing of what goes in or comes out. tract's working memory is freed after a run, not
//! overwritten.

use std::fmt::Write as _;
use std::io::Cursor;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tract_onnx::prelude::{
    Framework, InferenceModelExt, IntoRunnable, TValue, TVec, TractResult, TypedRunnableModel,
};

use crate::model::ModelError;

/// A network that is ready to run.
pub(crate) struct Network(Arc<TypedRunnableModel>);

impl Network {
    /// Prepares an ONNX file whose SHA-256 is `stated`, in hexadecimal digits.
    pub(crate) fn load(onnx: &[u8], stated: &str) -> Result<Self, ModelError> {
        check(onnx, stated)?;
        prepare(onnx).map(Self).map_err(ModelError::Prepare)
    }

    /// Runs it; as many outputs as are asked for, or it is another network.
    pub(crate) fn run<const OUTPUTS: usize>(
        &self,
        inputs: TVec<TValue>,
    ) -> Result<[TValue; OUTPUTS], ModelError> {
        let outputs = self.0.run(inputs).map_err(ModelError::Run)?;
        <[TValue; OUTPUTS]>::try_from(outputs.into_vec())
            .map_err(|_outputs| ModelError::Answer("another number of outputs"))
    }
}

/// An output's numbers, `count` of them, all finite.
pub(crate) fn values(output: &TValue, count: usize) -> Result<Vec<f32>, ModelError> {
    let view = output.to_plain_array_view::<f32>();
    let values: Vec<f32> = view.map_err(ModelError::Run)?.iter().copied().collect();
    if values.len() != count {
        return Err(ModelError::Answer("another number of values"));
    }
    if values.iter().any(|value| !value.is_finite()) {
        return Err(ModelError::Answer("something that is not a number"));
    }
    Ok(values)
}

fn check(onnx: &[u8], stated: &str) -> Result<(), ModelError> {
    let mut found = String::with_capacity(64);
    for byte in Sha256::digest(onnx) {
        write!(found, "{byte:02x}").expect("a String takes any text");
    }
    if found == stated {
        return Ok(());
    }
    Err(ModelError::Checksum {
        found,
        stated: stated.to_owned(),
    })
}

fn prepare(onnx: &[u8]) -> TractResult<Arc<TypedRunnableModel>> {
    tract_onnx::onnx()
        .model_for_read(&mut Cursor::new(onnx))?
        .into_optimized()?
        .into_runnable()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_network_is_refused() {
        // SHA-256 of nothing (FIPS 180-4).
        let of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert!(check(b"", of_nothing).is_ok());
        let refused = check(b"x", of_nothing);
        assert!(matches!(refused, Err(ModelError::Checksum { .. })));
    }
}
