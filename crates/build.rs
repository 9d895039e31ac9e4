//! Copies Wasmtime's C headers to the folder that CMake names, so that C++ sees those of the
//! locked version.
use std::{env, fs, io, path::Path};

fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn main() {
    println!("cargo:rerun-if-env-changed=DRIFTWOOD_CRATES_INCLUDE");
    let Ok(target) = env::var("DRIFTWOOD_CRATES_INCLUDE") else {
        return;
    };
    let source =
        env::var("DEP_WASMTIME_C_API_INCLUDE").expect("wasmtime-c-api-impl names its headers");
    copy_tree(Path::new(&source), Path::new(&target))
        .expect("the headers of Wasmtime can be copied");
}
