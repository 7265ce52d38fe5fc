//! Where a request comes from.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use actix_web::HttpRequest;
use actix_web::http::header;

/// The address of the client: the peer, or what the outermost of our own proxies saw. Whatever a client
/// writes into the header itself stands further out and does not count.
#[must_use]
pub fn of(req: &HttpRequest, trusted_proxies: u8) -> IpAddr {
    let peer = req.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    let Some(hops) = usize::from(trusted_proxies).checked_sub(1) else { return peer };
    let said = req.headers().get_all(header::X_FORWARDED_FOR).filter_map(|value| value.to_str().ok());
    let said: Vec<&str> = said.flat_map(|value| value.split(',').map(str::trim)).collect();
    said.iter().rev().nth(hops).and_then(|address| parse(address)).unwrap_or(peer)
}

/// An address as proxies write it: some with the port, and those of IPv6 in brackets or in quotes.
fn parse(text: &str) -> Option<IpAddr> {
    let text = text.trim_matches('"');
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse().ok().map(|socket: SocketAddr| socket.ip()))
}

/// What is counted as one client: an address, or the network of 64 bits that one household has.
#[must_use]
pub fn client(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => IpAddr::V4(mapped),
            None => {
                let [a, b, c, d, ..] = address.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        },
        address @ IpAddr::V4(_) => address,
    }
}

/// The network that pays for what is sent to people: neighbours of one address cost as much as the address
/// itself.
#[must_use]
pub fn network(address: IpAddr) -> String {
    match client(address) {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            format!("{}/48", Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn x_38_only_what_our_own_proxies_say_counts() {
        let req = TestRequest::default()
            .peer_addr("10.0.0.1:9".parse().unwrap())
            .append_header(("x-forwarded-for", "1.1.1.1, 2.2.2.2"))
            .append_header(("x-forwarded-for", "3.3.3.3"))
            .to_http_request();
        for (proxies, expected) in
            [(0, "10.0.0.1"), (1, "3.3.3.3"), (2, "2.2.2.2"), (3, "1.1.1.1"), (4, "10.0.0.1")]
        {
            assert_eq!(of(&req, proxies), expected.parse::<IpAddr>().unwrap(), "{proxies}");
        }
    }

    #[test]
    fn addresses_are_read_as_proxies_write_them() {
        for (said, expected) in [
            ("1.1.1.1", "1.1.1.1"),
            ("1.1.1.1:4711", "1.1.1.1"),
            ("2a00:1::5", "2a00:1::5"),
            ("[2a00:1::5]", "2a00:1::5"),
            ("[2a00:1::5]:4711", "2a00:1::5"),
            ("\"[2a00:1::5]:4711\"", "2a00:1::5"),
            ("9.9.9.9, 1.1.1.1:80 ", "1.1.1.1"),
            ("unknown", "10.0.0.1"),
            ("1.1.1.1:port", "10.0.0.1"),
            ("[1.1.1.1", "10.0.0.1"),
            ("", "10.0.0.1"),
        ] {
            let req = TestRequest::default()
                .peer_addr("10.0.0.1:9".parse().unwrap())
                .insert_header(("x-forwarded-for", said))
                .to_http_request();
            assert_eq!(of(&req, 1), expected.parse::<IpAddr>().unwrap(), "{said}");
        }
    }

    #[test]
    fn a_household_is_one_client() {
        let parse = |text: &str| text.parse::<IpAddr>().unwrap();
        assert_eq!(client(parse("2a00:1:2:3:4:5:6:7")), client(parse("2a00:1:2:3::1")));
        assert_ne!(client(parse("2a00:1:2:3::1")), client(parse("2a00:1:2:4::1")));
        assert_eq!(client(parse("::ffff:1.2.3.4")), parse("1.2.3.4"));
        assert_eq!(network(parse("::ffff:1.2.3.4")), "1.2.3.0/24");
        assert_eq!(network(parse("2a00:1:2:3::1")), "2a00:1:2::/48");
    }
}
