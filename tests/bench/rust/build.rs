// The service of the tonic peer.
fn main() -> Result<(), Box<dyn std::error::Error>> {
    tonic_prost_build::configure()
        .bytes(".")
        .compile_protos(&["echo.proto"], &["."])?;
    Ok(())
}
