# The client against a daemon that says what it is told to: client.pl SOCKET.
use strict;
use warnings;
use IO::Socket::UNIX;
use Overlayd::Client;

my ($path) = @ARGV;

sub daemon {    # one that answers each request with these bodies, and closes after the last
    my (@answers) = @_;
    unlink $path;
    my $server = IO::Socket::UNIX->new(Local => $path, Listen => 1) or die "$path: $!\n";
    return if fork;
    my $peer = $server->accept;
    for my $bodies (@answers) {
        read($peer, my $head, 4) == 4 or last;
        read($peer, my $request, unpack 'V', $head);
        print $peer map { pack 'V/a', $_ } @$bodies;
    }
    exit;
}

sub fails {
    my ($want, $client) = @_;
    eval { $client->status };
    $@ eq $want or die "got $@not $want";
}

sub ok { return qq({"frame":"response","id":$_[0],"response":{"result":"ok"}}) }

my @events;
my $event = '{"frame":"event","event":"peer_health_changed","pubkey":"a","healthy":true}';
daemon([$event, '{"frame":"event","event":"of_tomorrow"}', ok(1)], [ok(2)], []);
my $client = Overlayd::Client->new($path, on_event => sub { push @events, @_ });
$client->nat_tick->{result} eq 'ok' or die;
@events == 1 && $events[0]{pubkey} eq 'a' && $events[0]{healthy} or die "not the event";
fails("status was answered with ok\n", $client);
fails("receiving: the daemon has closed\n", $client);
fails("the connection is closed\n", $client);

my %broken = (
    ok(7) => "a frame that nobody asked for\n",
    '{"frame":"request","id":1,"request":{"op":"status"}}' => "a frame that nobody asked for\n",
    '{"frame":"response","id":1,"response":{"result":"attached"}}' => "response.ip: missing\n",
    '' => "a frame of 0 bytes\n",
    '{' => "expected a key\n",
);
for my $body (keys %broken) {
    daemon([$body]);
    fails($broken{$body}, Overlayd::Client->new($path));
}
