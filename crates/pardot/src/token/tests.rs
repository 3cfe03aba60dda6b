//! Signed assertions; everything else about tokens is tested over the wire in `tests/it`.
//!
//! Knows no transport.

use ring::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

use super::*;
use crate::clock::SystemClock;

/// Made for this test alone.
const PKCS8: &str = "-----BEGIN PRIVATE KEY-----
MIIEvwIBADANBgkqhkiG9w0BAQEFAASCBKkwggSlAgEAAoIBAQDadDY7u9nujKYi
NHfBbV1RJa+aWEyuwx01L1vS8ODAU4khD6+kXQghr052TWLcp54N8/M/3yZAXKXI
DBnYaVr2L6GbszLqCKrJD/sLw4/p4I+TUrV8h0qFfTXcsPF5r6OpEIrwHK8V1sBj
0XBL+cEF+YfgjimKcBE9br5tt1Za1zCr0uCAkG983ZuStUEhUB0rhuAqr1skSpUa
9RfwZBlZpcSQuEc0JbsaQTPFnS5tR/o7T9jTrJw6u0F1dAgHIp2f2melYYBA64WS
D5t+pjJk9ehmUvwWH7k2bid5WY3ph023pJbQSJPQw9+CWvv7CDWbzcr9XnC8+wUV
e65meswfAgMBAAECggEAA5cHUSH8Kdxr2oIMOcSHVQ8OfLXYxMJ2F2qo0qWcu+xj
g4STeVsCCDOuUWliJ4glo8sPg0wyf7pGCyyPvCu3D/ambD2cp5Xu4JD/qijTk59a
HKyuSNacVedB3FeYEEzfnqaj8eA2zGAUF0/YzZbUIjoAjqMncZv33I+WV408wQ9i
deBfTyESQ8bIKsGSxAQogaWHI3/ld23TgMHvMLk5WGxwcVzUA4NtSNuyE1Q9sOrF
7fRvhtvPGXNfVeGYuh/vTiyGV0LwYlvSE2PJvFqFpXdOWcaPa1TcWfh1CcDNf6cn
tp79FqVQUwuzlP7Hb+KzN5iKt1bD0nxiA5Ze1mJFmQKBgQD9VlmnNq0oN24EPON8
kCAqcMm/Vu8pfOBtd9xg3gvTXdU0kiwHHpq2LO5ZB8zRR+5DL1pWWuY606a2HGCH
7Vx85Pggqwg+bb5eb/ov8dDOR/C8fs0DhAg+SzRAjgccyR+o20IUUFLGN+cDOAHz
0xMFJ0hs0+fWZVDQncJz/DrH2wKBgQDcwABt8C98UFvgLi+Iw9W8lLL1Um9iitJI
TPI4dddsz+RStyybR1rQkN01xg7fmqmeJzUZGhdx+tDZ9yk5VUdVPDtKmBz3WtpU
uJQVO3rUElXLYT7aaKpz0/oydPySxXL3ZSGv/KfYchym4W/8Wddz5A7rnsV66CLW
G+GJJrfSDQKBgQCegt8Jvy5NEZGm2SpFkDBwHa4+KHjwbpBGLk8X1Rd1Iyr5/9PI
iJ+pCSgBUN4YvHcaVpCho7KWcEPJgqvroNrT0rhmSF2aIjSRBmN2iElsKJs6deR1
JLG7uHZzReqxWi6TCs2nxDJmkCfdXbfrBdDK0q+AWH6hKTeNsIgw5kspLQKBgQCK
kqyyVrg4XWmPTO7h961QeDfu8BSj02k1obfb4X2d/NLjacFCqIRFsOpsOyxTCY+4
i/w1Cb/1+PDqItFqADKLOwgtR1fHnuy3ijbLLU9pmSjqRt1h1ZpKo6LH0dBLgk8t
JfsDsqLaqKd7ysC1tOAfC+ah2kU1ZkuYBGCL7BYwcQKBgQCh+BAMzA86iIDhIYbz
mwbdAJvJ4HtTp0HFZqu6dcFEyb14bOwKwFeprkSXXbz3LnEG+ornDNjZoIz/suZn
bYhcgLYDyt7fmGv3kaunqdSqd7vbcmBS2t9EzJ7UPQz/3T/+ftsmrlrEYiNAcLLh
9I8wnbMNv52ygDxrCdJe86b5sw==
-----END PRIVATE KEY-----";
const PKCS1: &str = "-----BEGIN RSA PRIVATE KEY-----
MIIEpQIBAAKCAQEA2nQ2O7vZ7oymIjR3wW1dUSWvmlhMrsMdNS9b0vDgwFOJIQ+v
pF0IIa9Odk1i3KeeDfPzP98mQFylyAwZ2Gla9i+hm7My6giqyQ/7C8OP6eCPk1K1
fIdKhX013LDxea+jqRCK8ByvFdbAY9FwS/nBBfmH4I4pinARPW6+bbdWWtcwq9Lg
gJBvfN2bkrVBIVAdK4bgKq9bJEqVGvUX8GQZWaXEkLhHNCW7GkEzxZ0ubUf6O0/Y
06ycOrtBdXQIByKdn9pnpWGAQOuFkg+bfqYyZPXoZlL8Fh+5Nm4neVmN6YdNt6SW
0EiT0MPfglr7+wg1m83K/V5wvPsFFXuuZnrMHwIDAQABAoIBAAOXB1Eh/Cnca9qC
DDnEh1UPDny12MTCdhdqqNKlnLvsY4OEk3lbAggzrlFpYieIJaPLD4NMMn+6Rgss
j7wrtw/2pmw9nKeV7uCQ/6oo05OfWhysrkjWnFXnQdxXmBBM356mo/HgNsxgFBdP
2M2W1CI6AI6jJ3Gb99yPlleNPMEPYnXgX08hEkPGyCrBksQEKIGlhyN/5Xdt04DB
7zC5OVhscHFc1AODbUjbshNUPbDqxe30b4bbzxlzX1XhmLof704shldC8GJb0hNj
ybxahaV3TlnGj2tU3Fn4dQnAzX+nJ7ae/RalUFMLs5T+x2/iszeYirdWw9J8YgOW
XtZiRZkCgYEA/VZZpzatKDduBDzjfJAgKnDJv1bvKXzgbXfcYN4L013VNJIsBx6a
tizuWQfM0UfuQy9aVlrmOtOmthxgh+1cfOT4IKsIPm2+Xm/6L/HQzkfwvH7NA4QI
Pks0QI4HHMkfqNtCFFBSxjfnAzgB89MTBSdIbNPn1mVQ0J3Cc/w6x9sCgYEA3MAA
bfAvfFBb4C4viMPVvJSy9VJvYorSSEzyOHXXbM/kUrcsm0da0JDdNcYO35qpnic1
GRoXcfrQ2fcpOVVHVTw7Spgc91raVLiUFTt61BJVy2E+2miqc9P6MnT8ksVy92Uh
r/yn2HIcpuFv/FnXc+QO657Feugi1hvhiSa30g0CgYEAnoLfCb8uTRGRptkqRZAw
cB2uPih48G6QRi5PF9UXdSMq+f/TyIifqQkoAVDeGLx3GlaQoaOylnBDyYKr66Da
09K4ZkhdmiI0kQZjdohJbCibOnXkdSSxu7h2c0XqsVoukwrNp8QyZpAn3V236wXQ
ytKvgFh+oSk3jbCIMOZLKS0CgYEAipKssla4OF1pj0zu4fetUHg37vAUo9NpNaG3
2+F9nfzS42nBQqiERbDqbDssUwmPuIv8NQm/9fjw6iLRagAyizsILUdXx57st4o2
yy1PaZko6kbdYdWaSqOix9HQS4JPLSX7A7Ki2qine8rAtbTgHwvmodpFNWZLmARg
i+wWMHECgYEAofgQDMwPOoiA4SGG85sG3QCbyeB7U6dBxWarunXBRMm9eGzsCsBX
qa5El1289y5xBvqK5wzY2aCM/7LmZ22IXIC2A8re35hr95Grp6nUqne723JgUtrf
RMye1D0M/90//n7bJq5axGIjQHCy4fSPMJ2zDb+dsoA8awnSXvOm+bM=
-----END RSA PRIVATE KEY-----";

struct Nobody;

impl GrantKeeper for Nobody {
    fn keep(&self, _: &SecretString) -> Result<(), String> {
        Ok(())
    }
}

fn tokens(login: &str, pem: &str) -> Result<Tokens, BuildError> {
    let app = ConnectedApp { client_id: "app".to_owned(), client_secret: None };
    let grant = Grant::JwtBearer { key_pem: pem.into(), subject: "kim".to_owned(), audience: None };
    Tokens::new(Host::login(login).unwrap(), app, grant, Arc::new(Nobody), Arc::new(SystemClock))
}

#[test]
fn assertions_are_signed_for_the_right_audience() {
    let host = "http://127.0.0.1:1";
    for pem in [PKCS8, PKCS1] {
        let tokens = tokens(host, pem).unwrap();
        let assertion = tokens.assertion("app", "kim", None).unwrap();
        let (signed, signature) = assertion.rsplit_once('.').unwrap();
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, tokens.key.as_ref().unwrap().public_key());
        public.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
        let claims = URL_SAFE_NO_PAD.decode(signed.split_once('.').unwrap().1).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(
            (&claims["iss"], &claims["sub"], &claims["aud"]),
            (&json!("app"), &json!("kim"), &json!("https://login.salesforce.com"))
        );
        let life = claims["exp"].as_u64().unwrap() - SystemClock.unix();
        assert!((170..=180).contains(&life), "{life}");
    }
}

#[test]
fn an_unreadable_key_is_said_at_once() {
    for pem in ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"] {
        assert_eq!(tokens("http://127.0.0.1:1", pem).unwrap_err(), BuildError::Grant(GrantError::Key));
    }
}

#[test]
fn debug_shows_no_secret() {
    let shown = format!("{:?}", tokens("http://127.0.0.1:1", PKCS8).unwrap());
    assert_eq!(shown, r#"Tokens { login: Host { base: "http://127.0.0.1:1", loopback: true }, .. }"#);
}
