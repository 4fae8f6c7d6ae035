module overlayd.dev/client

go 1.19
