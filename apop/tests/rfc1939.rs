//! The example of RFC 1939 §7.

use apop::Challenge;

#[test]
fn the_example_of_section_7() {
    let greeting = b"+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>\r\n";
    let challenge = Challenge::find(greeting).unwrap();
    assert_eq!(challenge.as_str(), "<1896.697170952@dbc.mtview.ca.us>");
    assert_eq!(challenge.digest(b"tanstaaf").as_str(), "c4c9334bac560ecc979e58001b3e22fb");
    assert!(challenge.verify(b"tanstaaf", b"c4c9334bac560ecc979e58001b3e22fb"));
}
