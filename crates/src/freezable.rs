//! The global-export pass: makes every mutable global of a module an export, so that the host can
//! read and set it, and refuses modules that hold what the host cannot reach. The contract is in
//! `include/driftwood_crates.h`.
//!
//! It only walks a module and trusts none of it: what it gives back is validated by Wasmtime, which
//! is the same version of `wasmparser`.
use std::ops::Range;

use wasm_encoder::{ExportKind, ExportSection, Section};
use wasmparser::{
    Encoding, ExportSectionReader, ExternalKind, FunctionBody, GlobalSectionReader, GlobalType,
    ImportSectionReader, Operator, Parser, Payload, Result, TypeRef,
};

use crate::border::{bytes_of, without_panics, DwBytes};

/// The names of the added exports are this and the number of the global.
const RESERVED_PREFIX: &str = "driftwood:global:";

/// Compilers make one or two; each is written into every frozen file.
const MOST_MUTABLE_GLOBALS: usize = 4096;

#[derive(Debug, PartialEq)]
enum Verdict {
    /// The module with its globals exported.
    Freezable(Vec<u8>),
    /// Why not, to follow "The guest ".
    Refused(String),
    /// The bytes end or break before the walk does.
    Malformed,
}

#[derive(Default)]
struct Walk<'a> {
    functions: u32,            // imported, then those whose bodies were seen
    globals: u32,              // imported, then defined
    mutable_globals: Vec<u32>, // of those defined
    section_end: usize,        // of the section before
    exports: Option<(Range<usize>, ExportSectionReader<'a>)>, // with the bytes of its header
    reason: Option<String>,    // the first that was found
}

impl<'a> Walk<'a> {
    fn refuse(&mut self, reason: String) {
        self.reason.get_or_insert(reason);
    }

    fn imports(&mut self, section: ImportSectionReader<'a>) -> Result<()> {
        for import in section.into_imports() {
            match import?.ty {
                TypeRef::Func(_) | TypeRef::FuncExact(_) => self.functions += 1,
                TypeRef::Global(GlobalType { mutable, .. }) => {
                    if mutable {
                        self.refuse(format!(
                            "imports a mutable global (global {})",
                            self.globals
                        ));
                    }
                    self.globals += 1;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn globals(&mut self, section: GlobalSectionReader<'a>) -> Result<()> {
        for global in section {
            let GlobalType {
                mutable,
                content_type,
                ..
            } = global?.ty;
            if mutable && content_type.is_reference_type() {
                self.refuse(format!(
                    "has a mutable global of a reference type (global {})",
                    self.globals
                ));
            }
            if mutable {
                self.mutable_globals.push(self.globals);
            }
            self.globals += 1;
        }
        if self.mutable_globals.len() > MOST_MUTABLE_GLOBALS {
            self.refuse(format!(
                "has {} mutable globals, over the limit of {MOST_MUTABLE_GLOBALS}",
                self.mutable_globals.len()
            ));
        }
        Ok(())
    }

    fn body(&mut self, body: &FunctionBody<'a>) -> Result<()> {
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() {
            if let Some(what) = unreachable_change(&operators.read()?) {
                self.refuse(format!("{what} (in function {})", self.functions));
            }
        }
        self.functions += 1;
        operators.finish()
    }

    /// Takes the next part of the module; false where no guest has such a part.
    fn payload(&mut self, payload: Payload<'a>) -> Result<bool> {
        let section = payload.as_section();
        match payload {
            Payload::Version {
                encoding, range, ..
            } => {
                self.section_end = range.end;
                return Ok(encoding == Encoding::Module);
            }
            Payload::ImportSection(section) => self.imports(section)?,
            Payload::GlobalSection(section) => self.globals(section)?,
            Payload::ExportSection(section) => {
                let whole = self.section_end..section.range().end;
                if self.exports.replace((whole, section)).is_some() {
                    return Ok(false);
                }
            }
            Payload::StartSection { func, .. } => self.refuse(format!(
                "has a start section (function {func}), which would run again when it is restored"
            )),
            Payload::CodeSectionEntry(body) => self.body(&body)?,
            _ => {}
        }
        if let Some((_, range)) = section {
            self.section_end = range.end;
        }
        Ok(true)
    }

    /// Precondition: the whole module was walked.
    fn verdict(mut self, wasm: &[u8]) -> Result<Verdict> {
        // A module without exports is no guest, which the caller finds out.
        let Some((range, exports)) = self.exports.take() else {
            return Ok(self.refusal_or(wasm.to_vec()));
        };
        let mut section = ExportSection::new();
        for export in exports {
            let export = export?;
            if export.name.starts_with(RESERVED_PREFIX) {
                self.refuse(format!(
                    "exports a name that begins with {RESERVED_PREFIX}, which is reserved"
                ));
            }
            let kind = match export.kind {
                ExternalKind::Func | ExternalKind::FuncExact => ExportKind::Func,
                ExternalKind::Table => ExportKind::Table,
                ExternalKind::Memory => ExportKind::Memory,
                ExternalKind::Global => ExportKind::Global,
                ExternalKind::Tag => ExportKind::Tag,
            };
            section.export(export.name, kind, export.index);
        }
        for index in &self.mutable_globals {
            section.export(
                &format!("{RESERVED_PREFIX}{index}"),
                ExportKind::Global,
                *index,
            );
        }
        let mut out = Vec::with_capacity(wasm.len() + 32 * self.mutable_globals.len());
        out.extend_from_slice(&wasm[..range.start]);
        section.append_to(&mut out);
        out.extend_from_slice(&wasm[range.end..]);
        Ok(self.refusal_or(out))
    }

    fn refusal_or(self, out: Vec<u8>) -> Verdict {
        match self.reason {
            Some(reason) => Verdict::Refused(reason),
            None => Verdict::Freezable(out),
        }
    }
}

/// What an instruction changes that neither memory nor a global holds.
fn unreachable_change(operator: &Operator) -> Option<&'static str> {
    match operator {
        Operator::TableSet { .. } => Some("changes a table with table.set"),
        Operator::TableGrow { .. } => Some("changes a table with table.grow"),
        Operator::TableFill { .. } => Some("changes a table with table.fill"),
        Operator::TableCopy { .. } => Some("changes a table with table.copy"),
        Operator::TableInit { .. } => Some("changes a table with table.init"),
        Operator::DataDrop { .. } => Some("drops a segment with data.drop"),
        Operator::ElemDrop { .. } => Some("drops a segment with elem.drop"),
        _ => None,
    }
}

fn judge(wasm: &[u8]) -> Verdict {
    let mut walk = Walk::default();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.and_then(|payload| walk.payload(payload)) {
            Ok(true) => {}
            Ok(false) | Err(_) => return Verdict::Malformed,
        }
    }
    walk.verdict(wasm).unwrap_or(Verdict::Malformed)
}

/// `dw_freezability` of the header.
#[repr(C)]
#[derive(Debug, PartialEq)]
pub enum Freezability {
    Freezable = 0,
    Refused = 1,
    Malformed = 2,
}

#[no_mangle]
pub unsafe extern "C" fn dw_make_freezable(
    wasm: *const u8,
    size: usize,
    out: *mut DwBytes,
) -> Freezability {
    let verdict = without_panics(|| judge(bytes_of(wasm, size)));
    let (freezability, bytes) = match verdict.unwrap_or(Verdict::Malformed) {
        Verdict::Freezable(bytes) => (Freezability::Freezable, bytes),
        Verdict::Refused(reason) => (Freezability::Refused, reason.into_bytes()),
        Verdict::Malformed => (Freezability::Malformed, Vec::new()),
    };
    out.write(DwBytes::from_vec(bytes));
    freezability
}
