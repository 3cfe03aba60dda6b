//! The server's own TLS: what is refused before it begins.

use server::{ServeError, ServerConfig, TlsFiles};

use crate::house::{House, config};

#[tokio::test]
async fn files_that_are_none_are_told_by_name() {
    let house = House::start().await;
    let folder = house.directory.path();
    let (certificate, key) = (folder.join("c.pem"), folder.join("k.pem"));
    let cases =
        [(None, "holds no certificate"), (Some(""), "holds no certificate"), (Some("junk"), "holds no certificate")];
    for (content, want) in cases {
        if let Some(content) = content {
            std::fs::write(&certificate, content).unwrap();
        }
        let tls = Some(TlsFiles { certificate: certificate.clone(), key: key.clone() });
        let served = server::serve(house.app.clone(), ServerConfig { tls, ..config() }, Vec::new(), async {}).await;
        let error = served.unwrap_err();
        assert!(matches!(error, ServeError::Certificate { .. }), "{error}");
        assert!(error.to_string().contains("c.pem") && error.to_string().contains(want), "{error}");
    }
}
