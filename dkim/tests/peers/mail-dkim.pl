# Signs and verifies files with Mail::DKIM: one process for many. The names of the files come on standard input.
#
# mail-dkim.pl verify KEYS                                prints pass or fail for each file
# mail-dkim.pl sign KEYFILE SELECTOR ALGORITHM HEADER BODY  writes FILE.signed, with the field before the message
use strict;
use warnings;
use Mail::DKIM::DNS;
use Mail::DKIM::Signer;
use Mail::DKIM::Verifier;
use Net::DNS::RR;

sub octets {
    my ($path) = @_;
    open my $file, '<:raw', $path or die "$path: $!";
    local $/;
    return scalar <$file>;
}

sub verify {
    my ($keys) = @_;
    my %records = map { split / /, $_, 2 } split /\n/, octets($keys);
    no warnings 'redefine';
    local *Mail::DKIM::DNS::query_async = sub {
        my ($name, $type, %more) = @_;
        my @found = map { Net::DNS::RR->new(name => $name, type => $type, txtdata => [unpack '(a255)*', $_]) }
            grep { defined } $records{$name};
        my $key = $more{Callbacks}{Success}->(@found);
        return sub { $key };
    };
    while (my $path = <STDIN>) {
        chomp $path;
        my $dkim = Mail::DKIM::Verifier->new;
        $dkim->PRINT(octets($path));
        $dkim->CLOSE;
        print $dkim->result eq 'pass' ? "pass\n" : "fail\n";
    }
}

sub sign {
    my ($key, $selector, $algorithm, $header, $body) = @_;
    while (my $path = <STDIN>) {
        chomp $path;
        my $message = octets($path);
        my $dkim = Mail::DKIM::Signer->new(
            Algorithm => $algorithm,
            Method    => "$header/$body",
            Domain    => 'example.com',
            Selector  => $selector,
            KeyFile   => $key,
        );
        $dkim->PRINT($message);
        $dkim->CLOSE;
        open my $file, '>:raw', "$path.signed" or die "$path: $!";
        print $file $dkim->signature->as_string, "\r\n", $message;
        close $file;
    }
}

my ($mode, @arguments) = @ARGV;
$mode eq 'sign' ? sign(@arguments) : verify(@arguments);
