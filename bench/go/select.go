package main

// ready makes unbuffered channels with a producer parked on each.
func ready(count int) []chan int {
	chans := make([]chan int, count)
	for i := range chans {
		ch := make(chan int)
		chans[i] = ch
		go func() {
			for v := 0; ; v++ {
				ch <- v
			}
		}()
	}
	return chans
}

// selectPark: both channels are empty whenever the select is reached.
func selectPark(n int) {
	a, b, ack := make(chan int), make(chan int), make(chan int)
	go func() {
		for i := 0; i < n; i++ {
			if i%2 == 0 {
				a <- i
			} else {
				b <- i
			}
			<-ack
		}
	}()
	for i := 0; i < n; i++ {
		select {
		case v := <-a:
			sink += v
		case v := <-b:
			sink -= v
		}
		ack <- i
	}
}

func select2() func(int) {
	var c []chan int
	return func(n int) {
		if c == nil {
			c = ready(2)
		}
		for i := 0; i < n; i++ {
			select {
			case v := <-c[0]:
				sink += v
			case v := <-c[1]:
				sink += v
			}
		}
	}
}

func select8() func(int) {
	var c []chan int
	return func(n int) {
		if c == nil {
			c = ready(8)
		}
		for i := 0; i < n; i++ {
			select {
			case v := <-c[0]:
				sink += v
			case v := <-c[1]:
				sink += v
			case v := <-c[2]:
				sink += v
			case v := <-c[3]:
				sink += v
			case v := <-c[4]:
				sink += v
			case v := <-c[5]:
				sink += v
			case v := <-c[6]:
				sink += v
			case v := <-c[7]:
				sink += v
			}
		}
	}
}

func select64() func(int) {
	var c []chan int
	return func(n int) {
		if c == nil {
			c = ready(64)
		}
		for i := 0; i < n; i++ {
			select {
			case v := <-c[0]:
				sink += v
			case v := <-c[1]:
				sink += v
			case v := <-c[2]:
				sink += v
			case v := <-c[3]:
				sink += v
			case v := <-c[4]:
				sink += v
			case v := <-c[5]:
				sink += v
			case v := <-c[6]:
				sink += v
			case v := <-c[7]:
				sink += v
			case v := <-c[8]:
				sink += v
			case v := <-c[9]:
				sink += v
			case v := <-c[10]:
				sink += v
			case v := <-c[11]:
				sink += v
			case v := <-c[12]:
				sink += v
			case v := <-c[13]:
				sink += v
			case v := <-c[14]:
				sink += v
			case v := <-c[15]:
				sink += v
			case v := <-c[16]:
				sink += v
			case v := <-c[17]:
				sink += v
			case v := <-c[18]:
				sink += v
			case v := <-c[19]:
				sink += v
			case v := <-c[20]:
				sink += v
			case v := <-c[21]:
				sink += v
			case v := <-c[22]:
				sink += v
			case v := <-c[23]:
				sink += v
			case v := <-c[24]:
				sink += v
			case v := <-c[25]:
				sink += v
			case v := <-c[26]:
				sink += v
			case v := <-c[27]:
				sink += v
			case v := <-c[28]:
				sink += v
			case v := <-c[29]:
				sink += v
			case v := <-c[30]:
				sink += v
			case v := <-c[31]:
				sink += v
			case v := <-c[32]:
				sink += v
			case v := <-c[33]:
				sink += v
			case v := <-c[34]:
				sink += v
			case v := <-c[35]:
				sink += v
			case v := <-c[36]:
				sink += v
			case v := <-c[37]:
				sink += v
			case v := <-c[38]:
				sink += v
			case v := <-c[39]:
				sink += v
			case v := <-c[40]:
				sink += v
			case v := <-c[41]:
				sink += v
			case v := <-c[42]:
				sink += v
			case v := <-c[43]:
				sink += v
			case v := <-c[44]:
				sink += v
			case v := <-c[45]:
				sink += v
			case v := <-c[46]:
				sink += v
			case v := <-c[47]:
				sink += v
			case v := <-c[48]:
				sink += v
			case v := <-c[49]:
				sink += v
			case v := <-c[50]:
				sink += v
			case v := <-c[51]:
				sink += v
			case v := <-c[52]:
				sink += v
			case v := <-c[53]:
				sink += v
			case v := <-c[54]:
				sink += v
			case v := <-c[55]:
				sink += v
			case v := <-c[56]:
				sink += v
			case v := <-c[57]:
				sink += v
			case v := <-c[58]:
				sink += v
			case v := <-c[59]:
				sink += v
			case v := <-c[60]:
				sink += v
			case v := <-c[61]:
				sink += v
			case v := <-c[62]:
				sink += v
			case v := <-c[63]:
				sink += v
			}
		}
	}
}
