//! `tokenizer.json` files through the `tokenizers` crate. The contract is in
//! `include/driftwood_crates.h`.
use std::slice;

use tokenizers::models::bpe::BPE;
use tokenizers::{
    DecoderWrapper, Model, NormalizerWrapper, PostProcessorWrapper, PreTokenizerWrapper, Tokenizer,
    TokenizerImpl,
};

use crate::border::{bytes_of, without_panics, DwBytes};

/// A tokenizer whose model is known to be BPE. Where the kind of model is still to be found out,
/// the library keeps the file's model as a tree of values, and copies it twice, before it reads it;
/// this one is read as it is parsed.
type BpeTokenizer = TokenizerImpl<
    BPE,
    NormalizerWrapper,
    PreTokenizerWrapper,
    PostProcessorWrapper,
    DecoderWrapper,
>;

/// Runs `work`; a failure or a panic becomes false and its text in `error`.
unsafe fn guarded<T>(
    error: *mut DwBytes,
    out: *mut T,
    work: impl FnOnce() -> Result<T, String>,
) -> bool {
    let message = match without_panics(work) {
        Some(Ok(value)) => {
            out.write(value);
            return true;
        }
        Some(Err(message)) => message,
        None => "the tokenizer library failed on this input".to_owned(),
    };
    error.write(DwBytes::from_vec(message.into_bytes()));
    false
}

fn text_of(data: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(data)
        .map_err(|e| format!("the text is not UTF-8 at byte {}", e.valid_up_to()))
}

#[no_mangle]
pub unsafe extern "C" fn dw_tokenizer_new(
    json: *const u8,
    size: usize,
    out: *mut *mut Tokenizer,
    error: *mut DwBytes,
) -> bool {
    guarded(error, out, || {
        let json = bytes_of(json, size);
        let mut tokenizer = match BpeTokenizer::from_bytes(json) {
            Ok(bpe) => bpe.into(),
            Err(_) => Tokenizer::from_bytes(json).map_err(|e| e.to_string())?,
        };
        // A file may ask for truncation or padding to a training length; a prompt keeps all ids.
        tokenizer.with_truncation(None).map_err(|e| e.to_string())?;
        tokenizer.with_padding(None);
        Ok(Box::into_raw(Box::new(tokenizer)))
    })
}

#[no_mangle]
pub unsafe extern "C" fn dw_tokenizer_free(tokenizer: *mut Tokenizer) {
    if !tokenizer.is_null() {
        drop(Box::from_raw(tokenizer));
    }
}

#[no_mangle]
pub unsafe extern "C" fn dw_tokenizer_vocabulary_size(tokenizer: *const Tokenizer) -> usize {
    // The largest id plus one, not the number of entries: ids may have holes. Where every id below
    // the number of the model's entries is there, none is larger, and its table need not be copied.
    let tokenizer = &*tokenizer;
    let model = tokenizer.get_model();
    let count = model.get_vocab_size();
    let has_holes = (0..count).any(|id| model.id_to_token(id as u32).is_none());
    let largest = if has_holes {
        model.get_vocab().into_values().max()
    } else {
        count.checked_sub(1).map(|id| id as u32)
    };
    let added = tokenizer.get_added_vocabulary().get_vocab().values().max();
    largest.max(added.copied()).map_or(0, |id| id as usize + 1)
}

#[no_mangle]
pub unsafe extern "C" fn dw_tokenizer_encode(
    tokenizer: *const Tokenizer,
    text: *const u8,
    size: usize,
    add_special: bool,
    out: *mut DwBytes,
    error: *mut DwBytes,
) -> bool {
    guarded(error, out, || {
        let text = text_of(bytes_of(text, size))?;
        let encoding = (*tokenizer)
            .encode_fast(text, add_special)
            .map_err(|e| e.to_string())?;
        Ok(DwBytes::from_vec(
            encoding
                .get_ids()
                .iter()
                .flat_map(|id| id.to_ne_bytes())
                .collect(),
        ))
    })
}

#[no_mangle]
pub unsafe extern "C" fn dw_tokenizer_decode(
    tokenizer: *const Tokenizer,
    ids: *const u32,
    count: usize,
    skip_special: bool,
    out: *mut DwBytes,
    error: *mut DwBytes,
) -> bool {
    guarded(error, out, || {
        let ids = if count == 0 {
            &[]
        } else {
            slice::from_raw_parts(ids, count)
        };
        let text = (*tokenizer)
            .decode(ids, skip_special)
            .map_err(|e| e.to_string())?;
        Ok(DwBytes::from_vec(text.into_bytes()))
    })
}

#[no_mangle]
pub unsafe extern "C" fn dw_tokenizer_token_id(
    tokenizer: *const Tokenizer,
    token: *const u8,
    size: usize,
    id: *mut u32,
) -> bool {
    let found = std::str::from_utf8(bytes_of(token, size))
        .ok()
        .and_then(|t| (*tokenizer).token_to_id(t));
    if let Some(value) = found {
        id.write(value);
    }
    found.is_some()
}
