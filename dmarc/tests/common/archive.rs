//! ZIP files, made by hand.

/// A ZIP file of these files, which are not compressed.
pub(crate) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut crc = [0_u32; 256];
    for (nth, entry) in crc.iter_mut().enumerate() {
        let polynomial = |sum: u32| if sum & 1 == 1 { 0xedb8_8320 ^ (sum >> 1) } else { sum >> 1 };
        *entry = (0..8).fold(u32::try_from(nth).unwrap(), |sum, _| polynomial(sum));
    }
    let (mut zip, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let sum = !content
            .iter()
            .fold(!0_u32, |sum, octet| crc[usize::from(sum.to_le_bytes()[0] ^ octet)] ^ (sum >> 8));
        let size = u32::try_from(content.len()).unwrap().to_le_bytes();
        let name_size = u16::try_from(name.len()).unwrap().to_le_bytes();
        // version, flags, method, time, date, sum, both sizes, name, extra field
        let common = [
            &[10, 0, 0, 0, 0, 0, 0, 0, 0x21, 0x5a],
            &sum.to_le_bytes()[..],
            &size,
            &size,
            &name_size,
            &[0; 2],
        ];
        let common = common.concat();
        let at = u32::try_from(zip.len()).unwrap().to_le_bytes();
        zip.extend([b"PK\x03\x04", &common[..], name.as_bytes(), content].concat());
        directory.extend([b"PK\x01\x02\x0a\x00", &common[..], &[0; 10], &at, name.as_bytes()].concat());
    }
    let count = u16::try_from(files.len()).unwrap().to_le_bytes();
    let size = u32::try_from(directory.len()).unwrap().to_le_bytes();
    let at = u32::try_from(zip.len()).unwrap().to_le_bytes();
    [&zip, &directory, &b"PK\x05\x06\0\0\0\0"[..], &count, &count, &size, &at, &[0; 2]].concat()
}
